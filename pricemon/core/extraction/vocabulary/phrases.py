"""The vocabulary of labels, in the languages shops are written in.

Sources: the wording of shop platforms' own translations (Magento, PrestaShop, WooCommerce,
OpenCart, Shopify) and of the EU's price indication rules ("lowest price of the last 30 days" is
not a price one can pay).
"""

from __future__ import annotations

from pricemon.core.wordlist import words


class Label:
    """What a label says of the amount beside it: bits, plain integers for speed."""

    PRICE = 1
    NOW = 2
    LIST = 4
    SECONDARY = 8
    """Not the price: a saving, a fee, a threshold, what members pay."""
    FROM = 16
    BUY = 32
    RATE = 128
    """Not the price either: without tax, per unit, by instalments. Holds from behind, too."""
    SAVING = 256
    """What is taken off: the difference of what one would have paid and what one pays."""
    EACH = 512
    """For one piece: the price itself, or what one of a pack comes to."""
    LIST_LAST = 64
    """As `LIST`, but only as the last word before the amount: `De: R$ 9`, not `prix de vente`."""


def table(**groups: str) -> dict[str, int]:
    """Phrases, parted by commas, under the names of their labels → labels by phrase."""
    found: dict[str, int] = {}
    for flag, phrases in groups.items():
        for phrase in phrases.split(","):
            key = " ".join(phrase.split())
            if key:
                found[key] = found.get(key, 0) | getattr(Label, flag)
    return found


PHRASES = table(
    PRICE="""
        price, our price, your price, unit price incl, preis, prix, precio, preço, preco, prezzo,
        prijs, pris, cena, cijena, hinta, fiyat, fiyatı, kaina, hind, pret, preț, preţ, harga, ár,
        ára, цена, ціна, стоимость, вартість, τιμή, giá, السعر, سعر, מחיר, قیمت, ราคา, price incl,
        cena za, verð, çmimi, баасы, бағасы, нарх, qiymət, գին, ფასი, price inc, цена за шт
    """,
    NOW="""
        försäljningspris, reapris, verkaufspreis, verkoopprijs, prix promotionnel,
        precio de oferta, precio de venta, aanbiedingsprijs, preço promocional, preço de saldo,
        salgspris, alennettu hinta, myyntihinta, výprodejová cena, výpredajová cena, satış fiyatı,
        now, now only, sale, sale price, today, special, special price, deal, deal price,
        our price, clearance, discounted price, final price, jetzt, nur, jetzt nur, aktion,
        aktionspreis, sonderpreis, angebotspreis, maintenant, prix promo, prix soldé, ahora,
        oferta, precio oferta, precio especial, por, por apenas, à vista, ora, adesso, offerta,
        prezzo scontato, nu, nu voor, nu nur, teraz, cena promocyjna, promocja, nyní, akce,
        akční cena, akčná cena, po slevě, akcia, most, akciós ár, akció, acum, preț redus, сейчас,
        теперь, акция, цена со скидкой, акційна ціна, зараз, şimdi, indirimli, indirimli fiyat,
        nå, nyt, tarjous, tarjoushinta, kampanjpris, kampanje, tilbud, tilbudspris, agora,
        cena s ddv, cena s dph, s dph, vč dph, včetně dph, incl vat, including vat, including tax,
        including gst, vat included, tax included, includes vat, inclusive of all taxes,
        incl taxes, incl gst, inc gst, inkl ust, einschl mwst, iva inclusa, iva compresa, con iva,
        com iva, tva incluse, tva inclus, z podatkiem, s daní, с ддс, με φπα, ar pvn, su pvm,
        km ga, me tvsh, sa pdv om, s pdv om, со ддв, inc vat, incl tax, inkl mwst, ttc,
        iva incluido, iva incl, brutto, brutto cena, z vat, br, bruttó, kdv dahil, incl btw,
        inkl moms, sis alv, с ндс, з пдв
    """,
    LIST="""
        was, rrp, r r p, msrp, m s r p, srp, list, list price, reg, regular, regular price, orig,
        original, original price, originally, before, retail, retail price, compare at, compare,
        mrp, m r p, previous, previously, previous price, old price, normal price, full price,
        market price, recommended price, statt, uvp, uvp des, vorher, bisher, ehemals, bislang,
        unverbindliche, unverbindliche preisempfehlung, streichpreis, alter preis, früher,
        ursprünglich, listenpreis, ehem, au lieu de, lieu de, prix conseillé, prix public,
        prix barré, prix normal, prix habituel, avant, ancien prix, prix initial,
        prix de référence, antes, precio anterior, precio original, precio normal, precio regular,
        precio habitual, precio de lista, precio lista, pvp, pvpr, preço original, preço normal,
        preço anterior, prezzo originale, prezzo di listino, prezzo consigliato,
        prezzo precedente, listino, prezzo pieno, anziché, invece di, cena regularna,
        cena katalogowa, cena detaliczna, cena poprzednia, cena przed, cena sugerowana,
        cena pierwotna, stara cena, poprzednia, poprzednio, najniższa cena, najniższa, cena z 30,
        przed obniżką, przed promocją, lowest price, 30 days, 30 dni, 30 dnů, před slevou, běžná,
        běžná cena, bežná, bežná cena, původně, původní, původní cena, pôvodne, pôvodná cena,
        doporučená cena, odporúčaná cena, moc, dmoc, mpc, nejnižší cena, najnižšia cena, eredeti,
        eredeti ár, régi ár, helyett, ajánlott ár, preț vechi, pret vechi, prp, prț, de la preț,
        старая, старая цена, стара ціна, было, обычная цена, без скидки, цена без скидки,
        рекомендованная, ррц, eski, eski fiyat, liste, liste fiyatı, piyasa fiyatı, vejl,
        vejl pris, vejledende, førpris, før, tidligere, tidigare, tidigare pris, ordinarie,
        ordinarie pris, ord, ord pris, normalpris, norm, normalhinta, lägsta pris, lägsta,
        rek pris, veil pris, laveste pris, ennen, normaali, alin hinta, van voor, adviesprijs,
        i p v, redna cena, redna, najnižja cena, najniža cijena, redovna cijena, стара цена, пцд,
        αρχική, αρχική τιμή, λιανική, giá gốc, giá cũ, giá niêm yết, المعتاد, كان, السعر السابق,
        بعد الخصم من, בעבר, מחיר רגיל, קודם, قیمت قبلی, sebelum, harga asal, harga normal
    """,
    LIST_LAST="de, era, van, pc, ord, ovh, reg, orig, statt",
    RATE="""
        per day, per week, per year, per night, per hour, per person, a day, a week, a year,
        pro tag, pro nacht, par jour, al día, al giorno, per dag, za den, za dzień, в день,
        в сутки, günlük, excl vat, ex vat, exc vat, excluding vat, excl tax, ex tax,
        excluding tax, tax excl, vat excl, ex gst, excl gst, without vat, without tax, plus vat,
        plus tax, w o vat, no vat, net, netto, net price, nettó, nettopreis, zzgl, zzgl mwst,
        exkl, exkl mwst, excl btw, ex btw, excl, exkl moms, ex moms, ekskl moms, eks moms,
        eks mva, u moms, bez dph, bez vat, bez pdv, bez ddv, brez ddv, bez podatku, bez pvn,
        be pvm, km ta, без ндс, без пдв, без ддс, ht, h t, hors taxe, hors taxes, hors tva,
        sin iva, sem iva, senza iva, iva esclusa, iva excl, + iva, más iva, sin impuestos,
        precio sin impuestos, sin impuestos nacionales, s iva, áfa nélkül, áfa, kdv hariç, kdv,
        alv 0, ilman alv, veroton, fără tva, fara tva, tva neinclus, monthly, monatlich, mensual,
        mensuel, mensili, mensualidades, miesięcznie, měsíčně, mesačne, havonta, aylık,
        installments, installment, instalments, instalment, payments of, payments, interest,
        interest free, interest-free, cuotas, cuota, parcelas, sem juros, plazos, taksit, rate,
        raten, raty, rat, rata, ratenzahlung, рассрочка, рассрочку, в рассрочку, в кредит, кредит,
        klarna, afterpay, affirm, clearpay, zip, laybuy, paypal, sezzle, scalapay, alma, oney,
        twisto, finance, financing, leasing, pay later, per month, a month, al mes, par mois,
        pro monat, im monat, per maand, al mese, per mese, mies, měs, мес, в месяц, на місяць,
        por mes, ao mês, p m, pcm, per kg, per 100g, per 100, per litre, per liter, per metre,
        per meter, pro kg, grundpreis, je kg, cena za 1, jednotková cena, cena jednostkowa,
        price per, unit price, prix au, prix au kilo, precio por, egységár, jämförpris, jfr pris,
        jmf, jfr, enhetspris, kilohinta, vertailuhinta, birim fiyat, literpreis, kilopreis,
        al litro, al kg, al chilo, al l, all etto, pro liter, je liter, per l, au litre, le litre,
        le kg, le kilo, por litro, por kilo, por kg, o kg, za litr, za liter, za l, za 1 kg,
        za 1 l, za 100, pr kg, pr liter, pr l, na kg, na litr, litra ár, kg ár, за кг, за литр,
        за л, за м2, за м
    """,
    SECONDARY="""
        autoship, auto ship, auto delivery, subscribe save, repeat delivery, loyal customers,
        постоянных, постоянных покупателей, stammkunden, no pix, via pix, pix, transferencia,
        pagando con transferencia, оптовая цена, оптовая, опт, оптом, cena hurtowa, hurtowa,
        großhandel, velkoobchod, mayorista, approximately, approx, about, ungefähr, environ,
        aproximadamente, circa, rewards, in rewards, back, earn, worth, pay later, trade-in,
        shipping, delivery, deliver, delivery from, versand, versandkosten, versandkostenfrei,
        lieferung, livraison, frais de port, envío, envio, gastos de envío, spedizione, frete,
        entrega, dostawa, dostawy, doprava, dopravy, dopravné, doručení, poštovné, poštnina,
        szállítás, szállítási, livrare, transport, доставка, доставки, доставку, kargo, frakt,
        fragt, toimitus, toimituskulut, verzending, verzendkosten, verzendkost, postage, freight,
        dostava, pristatymas, piegāde, save, you save, saving, savings, off, discount, extra,
        spare, sie sparen, ersparnis, gespart, rabatt, rabat, remise, descuento, sconto, desconto,
        sleva, zľava, indirim, kazanç, kazancınız, spar, sparen, du sparst, du sparar, du sparer,
        bespaar, je bespaart, korting, alennus, säästä, säästät, popust, reducere, coupon,
        gutschein, gutscheincode, voucher, cashback, cash back, deposit, pfand, kaucja, points,
        punkte, puan, punktów, bodů, bonus, бонус, бонусов, gift card, trade in, rebate, скидка,
        выгода, экономия, знижка, вигода, over, above, orders, orders over, spend, minimum,
        mindestbestellwert, bestellwert, ab einem, free, gratis, kostenlos, gratuit, gratuite,
        gratuita, zdarma, ingyen, ingyenes, бесплатно, бесплатная, безкоштовно, ücretsiz, darmowa,
        over kr, members, member, club, prime, subscribe, subscription, abo, wholesale, b2b, qty,
        quantity, each when, subtotal, total, summe, totaal, totale, suma, razem, celkem, spolu,
        итого, разом, toplam, összesen, warranty, insurance, garantie, gwarancja, gwarancji,
        pojištění, sku, ref, art, art nr, artikelnummer, model, code, kod, kód, артикул,
        mit karte, with card, z kartą, app price, student
    """,
    FROM="""
        from, starting, starting at, starting from, starts at, as low as, ab, ab nur, schon ab,
        à partir de, a partir de, dès, desde, da, a partire da, od, już od, vanaf, fra, från,
        alkaen, от, від, de la, des de, up to, bis, bis zu, jusqu à, hasta, fino a, do, до,
        starts from, başlayan, mulai dari, từ, já od, nuo, no, alates
    """,
    BUY="""
        add to cart, add to bag, add to basket, add to trolley, to cart, to basket,
        add to shopping, add item to, buy, buy now, buy it now, buy this, order now, pre order,
        preorder, purchase, in den warenkorb, den warenkorb, in den einkaufswagen, warenkorb,
        in winkelwagen, in winkelmand, winkelwagen, ajouter au panier, au panier, acheter,
        añadir al carrito, añadir a la, al carrito, a la cesta, agregar al carrito, comprar,
        comprar ahora, comprar agora, aggiungi al carrello, al carrello, acquista,
        adicionar ao carrinho, ao carrinho, do košíku, do košíka, vložit do košíku, do koszyka,
        dodaj do koszyka, koupit, kúpiť, kup teraz, kupuję, в корзину, купить, добавить в корзину,
        в кошик, купити, kosárba, kosárba teszem, adaugă în coș, adauga in cos, în coș, in cos,
        cumpără, sepete ekle, satın al, hemen al, lägg i varukorgen, lägg i, köp, læg i kurv,
        læg i, legg i, legg i handlekurv, kjøp, køb, lisää ostoskoriin, lisää koriin, osta,
        u košaricu, v košarico, dodaj u košaricu, dodaj v košarico, dodaj u korpu, добави в,
        добави в количката, в количката, στο καλάθι, προσθήκη στο καλάθι, αγορά, thêm vào giỏ,
        mua ngay, أضف إلى السلة, أضف للسلة, הוסף לסל, הוספה לסל, į krepšelį, lisa korvi,
        ostukorvi, pievienot grozam, ielikt grozā, bestellen, tambah ke troli, beli,
        beli sekarang
    """,
)
SAVINGS = words(
    """
    économi ahorr risparmi economiz oszczędz ušetří ušetr zniżk megtakarít kedvezmén скидк
    экономи выгод знижк säästä economis доставк бесплатн безкоштовн рассроч versandkost
    gratuit installment gwarancj
    """
)
"""Beginnings of words for savings, fees and gifts in inflected languages."""
