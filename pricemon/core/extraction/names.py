"""What developers call things: `class`, `id` and the like → what they say of the price inside.

Names are cut into words (`productOldPrice`, `product-old-price` → product old price) and looked up
word by word and pair by pair, never searched with long patterns: most of a page's time would go
there. Both caches are bounded.
"""

from __future__ import annotations

import re
from functools import lru_cache


class Says:
    """What a name says of the element that bears it: bits, plain integers for speed."""

    PRICE = 1
    CURRENT = 2
    LIST = 4
    SECONDARY = 8
    """A price, but not this product's: per unit, without tax, by instalments, for delivery…"""
    ZONE = 16
    """Likely a part of the page with other things in it: a carousel, a grid, a side column."""
    OTHERS = 4096
    """Surely one: related products, menus, reviews, the cart."""
    BUY = 32
    STRUCK = 64
    CENTS = 128
    NET = 2048
    """Without tax: `SECONDARY`, but for shops where there is none."""
    NOISE = 1024
    """Not a price at all, when it is the element's own name: a rating, an article number."""


def _table(**groups: str) -> dict[str, int]:
    table: dict[str, int] = {}
    for flag, words in groups.items():
        for word in words.split():
            table[word] = table.get(word, 0) | getattr(Says, flag)
    return table


# Whole words, and pairs of neighbouring words written together (`list-price` → listprice).
_EXACT = _table(
    PRICE="""
        pricing prc pric prix pris pret cost narx valor betrag kwota ar gia amount money sum summa
        hind
        nedan
    """,
    CURRENT="""
        now our today actual promo promotion offer offerprice buybox salg akci akce akcia
        current final special sale newprice pricenew pricenow mainprice productprice
        priceproduct detailprice pricedetail discounted reduced salesprice saleprice priceactual
        pricecurrent currentprice finalprice specialprice ins live your yourprice sell selling
        preciooferta precioventa prixpromo prixsolde precopor angebotspreis
        aktionspreis cenapromocyjna cenapo sellprice prcdsc rebajado rebajada scontato atual
        attuale aktuell huidige nuevo nova
        nowa
    """,
    LIST="""
        old was before prev previous past origin orig original regular retail rrp msrp srp uvp
        compare compareat through anterior antes ancien barre barré vorher statt stara stary
        puvodni bezna eski eredeti vechi ord ordinary undiscounted slash del omnibus history
        listprice marketprice normalprice fullprice advice advies oldprice priceold wasprice
        pricewas regularprice priceregular originalprice priceoriginal retailprice
        referenceprice beforeprice nondiscounted withoutdiscount nodiscount last30 lowest30
        catalogprice crossedprice strikeprice rrpprice przed przedpromocja skreslona sugerowana
        recommendedprice barrato barrado tachado tachada antigo antiguo antigua ancienne oude
        precionormal precioregular precioanterior preciolista precioantes preconormal
        prixbarre prixnormal ancienprix preisnormal normalpreis prezzolistino prezzopieno
        cenaregularna cenakatalogowa cenastara staracena cenaprzed puvodnicena beznacena
        gammel tidligere alterpreis prcorg orgprice priceorg
    """,
    STRUCK="""
        strike striked strikethrough strikeout crossed crossedout linethrough lt barre barré
        throughprice
    """,
    SECONDARY="""
        exvat excvat extax excl excluding exkl netto nett net netprice novat notax pretax exctax
        taxexcl taxexclusive vatexcl withoutvat bezdph bezvat prixht priceht montantht tarifht
        unitprice priceunit priceper
        perunit perkg grundpreis baseprice pum installment installments instalment instalments
        month monthly finance financing financial leasing credit klarna afterpay affirm laybuy
        zippay paypal mensual cuota cuotas parcela parcelas parcelamento taksit raty rata emi
        splitit shipping delivery versand livraison dostawa dostavka doprava postage envio frete
        freight kargo save saves saved saving savings yousave discountamount discountpercent
        discountvalue discountlabel discountbadge discountrate percent percentage coupon voucher
        cashback reward rewards loyalty bonus points deposit pfand kaucja surcharge member
        members memberprice club wholesale b2b bulk tier tiers tierprice staffel staffelpreise
        multibuy warranty garantia garantie gwarancja insurance giftcard giftwrap tradein moneyorder
        wiretransfer banktransfer havale threshold
        subscribe subscription abo subtotal withouttax pricetax taxprice pricewithouttax pricenet
        minprice maxprice
        priceexcl priceexvat economy economia
    """,
    NET="""
        exvat extax novat notax pretax exctax taxexcl taxexclusive vatexcl withoutvat withouttax
        pricewithouttax priceexcl priceexvat
    """,
    NOISE="""
        quantity qty total rating ratings star stars review reviews phone tel
        telephone date countdown timer stock counter count weight dimension dimensions plus
        minus stepper badge step
    """,
    OTHERS="""
        related similar recommend recommended recommendation recommendations recommends
        recently viewed upsell upsells crosssell crosssells crosssale crosssell also accessory
        accessories frequently fbt alternative alternatives complementary suggested
        suggestions suggestion youmay otherproducts otheritems otheroffers moreproducts
        moreitems newproducts newarrivals bestseller bestsellers bestsell bestselling popular
        trending productthumb boxproduct footer nav navbar navigation navigace megamenu
        mainmenu menu submenu breadcrumb breadcrumbs comment comments testimonial testimonials
        faq newsletter cookie cookies polecane polecamy podobne souvisejici souvisejicich
        suvisiace ähnliche aehnliche zubehoer zubehör empfehlungen relacionados relacionado
        tambien associes simili correlati gerelateerd liknande relatert tillbehor benzer
        ilgili pohozhie soputstvuyuschie cartitems cartitem minicart headercart topcart
        sidecart cartdrawer cartsummary carttotal cartmini cartcount cartwidget cartpreview
        cartpopup cartprice cartsubtotal carticon cartlink minibasket headerbasket basketmini
        baskettotal basketsummary basketcontent cartstatus basketbox basketinfo basketprice
        koszyk kosik warenkorb panier carrito carrello sepet korb kosarica lastviewed
        crossselling upselling customersalso alsobought alsolike compareproducts
        suggestproducts sponsored feedback rev notification notifications autocomplete
        megadropdown subcategories subcategory categorylist bundle bundles together marquee
        topbar banner banners modal popup filter filters facet facets wishlist tooltip
        tooltips blog search payment payments login cheaper addon addons usluga services
        calculator calc teaser teasers promobox promoblock promobanner promoad questions
        answers
    """,
    ZONE="""
        featured productgrid productlist productlists productslist productslider
        productcarousel producttile producttiles productcard productcards productteaser
        productminiature productsgrid productsslider productscarousel productsblock
        productsrow listing listings carousel swiper slick owl sidebar siteheader pageheader
        stickyheader combo kit carttable cartcontent cartbox cartblock cartinfo shoppingcart
        shoppingbag checkout dropdown offcanvas drawer productitem_ advert adverts ads ad
        adbox
    """,
    BUY="""
        addtocart addtobasket addtobag addcart addbasket tocart tobasket tobag buynow buybutton
        buybtn buybox buyform btnbuy btncart buy cartadd cartform cartbutton cartbtn addto
        indenwarenkorb dokosika dokoszyka variationsform productform purchase koop kaufen
        comprar acheter kupit satinal kup kupic koupit
    """,
    CENTS="""
        cent cents dec decimal decimals frac fraction mantissa sup small penny pence minor kop
        kopecks grosz grosze haler drobne tiny cts fractional superscript
    """,
)
# Within longer words (`pricebox`, `produktpreis`); only stems long enough to mean one thing.
_STEMS = _table(
    PRICE="""
        price preis prix precio preço preco prezzo prijs cijena cjena hinta fiyat kaina harga
        tsena цена价格 kakaku
    """,
    LIST="""
        oldpric oldpreis pricold preisalt listprice regularprice originalprice streichpreis
        strikeprice altpreis
    """,
    STRUCK="strike linethrough crossedout durchgestrichen",
    SECONDARY="""
        installment instalment finanz versandk grundpreis perunit unitprice mensual rating
        basepriceinfo
    """,
    OTHERS="""
        recommend recomend related crosssell upsell minicart bestsell breadcrumb footer podobn
        polecan zubeh
    """,
    ZONE="carousel",
    BUY="addtocart addtobasket addtobag buybutton",
)
_ANY_STEM = re.compile("|".join(_STEMS))
_IDENTIFIERS = frozenset(("sku", "article", "ean"))
_CEN = re.compile(r"cen[aeuy]")
_CAMEL = re.compile(r"(?<=[a-zа-я0-9])(?=[A-Z])")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_OF_SOMETHING_ELSE = ("with-", "with_", "has-", "has_", "font-")
"""`with-list-price` is no list price: it has one in it; and `font-weight-bold` is no weight."""
_OF_CONTENTS = frozenset(("with", "has", "not", "no", "without", "non"))
_CONTENTS = Says.ZONE | Says.OTHERS | Says.LIST
"""What `layout-with-sidebar` and `not-footer` say is of something else than the element."""
_OF_A_PART = frozenset(("card", "panel", "box", "product", "price"))
"""Before `footer`: the lower end of something small, not of the page."""
_SHORTEST_STEM = 5
_MAX_CHARS = 300
_MAX_WORDS = 24


@lru_cache(maxsize=8192)
def _of_word(word: str) -> int:
    """What one word, or one pair written together, says."""
    says = _EXACT.get(word, 0)
    if len(word) >= _SHORTEST_STEM:
        # Few words have any: one search for all of them spares most a search for each.
        for stem, flag in _STEMS.items() if _ANY_STEM.search(word) else ():
            if stem in word:
                says |= flag
    elif _CEN.fullmatch(word):
        says |= Says.PRICE
    return says


@lru_cache(maxsize=8192)
def says(names: str) -> int:
    """What the names of one element say, together."""
    found = 0
    last = ""
    # Each name by itself: the end of one and the start of the next make no pair.
    for name in names[:_MAX_CHARS].split():
        last = ""
        if name.startswith(_OF_SOMETHING_ELSE):
            continue
        one, identifier = 0, False
        for word in _WORD.findall(_CAMEL.sub(" ", name).lower())[:_MAX_WORDS]:
            identifier = identifier or word in _IDENTIFIERS
            word_says = 0 if word == "footer" and last in _OF_A_PART else _of_word(word)
            one |= word_says & ~_CONTENTS if last in _OF_CONTENTS else word_says
            if last:
                one |= _EXACT.get(last + word, 0)
            last = word
        # An article's number is no price; `skuBestPrice` is one.
        found |= one | Says.NOISE if identifier and not one & Says.PRICE else one
    return found
