"""What shops call things, in class names and on the page, in the languages shops are written in.

Class vocabulary is matched against `class`, `id`, `itemprop` and data attributes in lower case;
label vocabulary against the few words beside a number. All patterns are plain alternations:
linear time.
"""

from __future__ import annotations

import re


def _words(*groups: str) -> re.Pattern[str]:
    return re.compile("|".join(group.strip() for group in groups), re.IGNORECASE)


# --- names that developers give -----------------------------------------------------------------

PRICE_NAME = _words(
    r"pri[cs]e|pric(?![a-z])|preis|prix|pre[cç]io|preco|preço|prezzo|prijs|pris(?![a-z])|cen[aeuy](?![a-z])",
    r"cijena|cjena|hinta|fiyat|kaina|hind(?![a-z])|(?<![a-z])pret(?![a-z])|harga|amount|tsena",
    r"цена|价格|價格|価格|kakaku|nedan|money|(?<![a-z])valor(?![a-z])|(?<![a-z])gia(?![a-z])",
    r"(?<![a-z])betrag|(?<![a-z])cost(?![a-z])|kwota|(?<![a-z])ar(?![a-z])",
)
CURRENT_NAME = _words(
    r"current|(?<![a-z])now|final|sale|special|(?<![a-z])our|actual|aktualn|today|promo|offer|new[-_]?pri",
    r"price[-_]?new|discounted|reduced|buy[-_]?box|main[-_]?price|product[-_]?price|detail|salg|akci|akce",
)
LIST_NAME = _words(
    r"(?<![a-z])old(?![a-z])|[-_]old|oldpri|price_?old|(?<![a-z])was(?![a-z])|before|list[-_]?pri|listpri|regular",
    r"origin|(?<![a-z])orig|retail|rrp|msrp|(?<![a-z])uvp|strike|crossed|cross(?:ed)?[-_]?out|compare",
    r"previous|through|(?<![a-z])past|anterior|antes|ancien|barre|barré|vorher|statt|stara|stary|puvodn",
    r"bezn[ae]|(?<![a-z])prev(?![a-z])|eski|eredeti|regi[-_]ar|vechi|stock_?price|market[-_]?price|(?<![a-z])ord(?![a-z])",
    r"normal[-_]?price|undiscounted|nondiscount|non[-_]discount|without[-_]discount|full[-_]?price|slash|(?<![a-z])srp",
    r"(?<![a-z])del(?![a-z])|advice|advies|omnibus|lowest[-_]?price|last[-_]?30|history|reference[-_]?price",
)
SECONDARY_NAME = _words(
    r"(?<![a-z])tax|[-_]tax|price_?tax|(?<![a-z])e?x[-_]?vat|(?<![a-z])excl|excluding|exkl|netto|(?<![a-z])net[-_]?pri|novat|without[-_]?(?:vat|tax|dph)",
    r"bez[-_]?dph|bez[-_]?vat|(?<![a-z])ht(?![a-z])|unit[-_]?pri|price[-_]?(?:per|unit)|priceper|per[-_]?unit|perunit|per[-_]?kg",
    r"grundpreis|basepri|base-price-info|(?<![a-z])pum(?![a-z])|install|month|financ|finanz|leasing|credit(?!ent)|klarna|afterpay",
    r"affirm|laybuy|zip-?pay|paypal|mensual|cuota|parcel|taksit|(?<![a-z])raty|(?<![a-z])rata(?![a-z])|(?<![a-z])rate(?![a-z])(?!d)",
    r"(?<![a-z])emi(?![a-z])|splitit|shipping|delivery|versand|livraison|dostaw|dostav|doprav|postage|(?<![a-z])envio|frete|freight|kargo",
    r"(?<![a-z])sav(?:e|es|ed|ing|ings)(?![a-z])|yousave|you[-_]save|discount[-_]?(?:amount|percent|value|label|badge|rate)",
    r"percent|coupon|voucher|cashback|reward|loyal|bonus|(?<![a-z])points?(?![a-z])|deposit|pfand|kaucja|surcharge",
    r"member|(?<![a-z])club|wholesale|(?<![a-z])b2b|(?<![a-z])bulk|(?<![a-z])tier|staffel|multibuy|quantity|(?<![a-z])qty|warranty|insurance",
    r"gift[-_]?(?:card|wrap)|trade[-_]?in|threshold|subscri|(?<![a-z])abo(?![a-z])|subtotal|[-_]total(?![a-z])|(?<![a-z])total",
    r"rating|stars?(?![a-z])|review|(?<![a-z])sku(?![a-z])|article|(?<![a-z])ean(?![a-z])|(?<![a-z])phone|(?<![a-z])tel(?![a-z])|(?<![a-z])date|countdown|timer|stock|counter|(?<![a-z])count(?![a-z])|weight|dimension",
)
ZONE_NAME = _words(
    r"related|similar|recommend|recent|viewed|upsell|up-sell|cross-?sell|crossell|(?<![a-z])also|accessor(?:y|ies)|bundle|frequently",
    r"(?<![a-z])fbt|together|alternativ|complement|suggest|you-?may|other-?(?:products|items|offers)|more-?(?:products|items)",
    r"new-?products|new-?arrivals|best-?sell|popular|trending|featured|product[-_]?(?:grid|list|lists|slider|carousel|tile|card|teaser|miniature|thumb|box-small)(?![a-z])",
    r"products[-_]?(?:grid|list|slider|carousel|block|row)|(?<![a-z])listing|carousel|swiper|slick|owl-|marquee|footer|(?<![a-z])nav(?![a-z])|navbar|navigation|mega-?menu|main-?menu|(?<![a-z])menu",
    r"top-?bar|breadcrumb|reviews?(?![a-z])|comment|testimonial|(?<![a-z])faq|banner|advert|newsletter|cookie|(?<![a-z])modal|popup|pop-up|(?<![a-z])filter|facet|sidebar|side-bar",
    r"wishlist|tooltip|(?<![a-z])blog|search|shipping|delivery|versand|dostaw|doprav|doruc|livraison|payment|payments|login|(?<![a-z])sticky-?header|site-?header|page-?header|(?<![a-z])header-|(?<![a-z])compare|cheaper|combo|(?<![a-z])kit(?![a-z])|addon|add-on|warrant|insurance|(?<![a-z])usluga|services?(?![a-z])|calculator|(?<![a-z])credit",
    r"polecan|podobn|souvisej|podobne|suvisiac|ähnlich|aehnlich|zubehoer|zubehör|empfehl|ahnlich|relacionad|tambien|associe|simili|correlat|gerelateerd|liknande|relatert|tillbehor|benzer|ilgili|pohozhie|похож|сопутств",
)
CART_NAME = _words(
    r"(?:mini|header|top|side|mobile|drawer|shopping|block|site|sticky|user|ajax|dropdown|widget|popup)[-_]?(?:cart|basket|bag)",
    r"(?:cart|basket|bag|warenkorb|panier|koszyk|kosik|carrito|carrello|sepet)[-_]?(?:total|sum|mini|drawer|content|count|summary|info|widget|block|box|preview|popup|price|subtotal|icon|link|dropdown|status|amount|value|items?|header|wrapper)",
    r"^(?:cart|basket|bag|warenkorb|panier|koszyk|kosik|carrito|carrello|sepet|korb|minicart|minibasket|kosarica|cos)$",
    r"checkout",
)
BUY_NAME = _words(
    r"add[-_]?(?:to)?[-_]?(?:cart|bag|basket|trolley)|addtocart|addtobasket|addtobag|buy[-_]?(?:now|button|btn|box|form)|btn[-_]?(?:buy|cart)|(?<![a-z])buy(?![a-z])",
    r"cart[-_]?(?:add|form|button|btn)|to[-_]?cart|tocart|in[-_]?den[-_]?warenkorb|do[-_]?kosik|do[-_]?koszyka|variations_form|product[-_]?form|purchase|add-to|koop|kaufen|comprar|acheter|kupit|satin",
)
BUY_TEXT = _words(
    r"add(?:\s+item)?\s+to\s+(?:my\s+|your\s+|shopping\s+)?(?:cart|bag|basket|trolley|order)|buy\s*(?:it\s*)?now|^\s*buy\s*$|pre-?order|in\s+den\s+(?:waren|einkaufs)?korb|in\s+winkel(?:wagen|mand)|ajouter\s+au\s+panier|acheter",
    r"añadir\s+a(?:l|\s+la)\s+(?:carrito|cesta|bolsa)|agregar\s+al|comprar|aggiungi\s+al\s+carrello|acquista|adicionar\s+ao\s+carrinho|do\s+koš[íi]k|do\s+koszyka|vložit|kúpiť|koupit|kup\s+teraz|в\s+корзину|купить|в\s+кошик|купити",
    r"kosár(?:ba|hoz)|adaug[ăa]\s+[îi]n\s+co[sș]|cump[ăa]r[ăa]|sepete\s+ekle|satın\s+al|lägg\s+i|köp|læg\s+i|legg\s+i|kjøp|køb|lisää\s+(?:ostos)?kori|osta|u\s+košaric|dodaj|v\s+košarico|добави\s+в|καλάθι|カートに|购物车|購物車|장바구니|구매|ใส่ตะกร้า|thêm\s+vào|mua\s+ngay|أضف|السلة|הוסף|לסל|į\s+krepšelį|ostukorvi|grozā|bestellen",
)

# --- words that people read ---------------------------------------------------------------------

PRICE_LABEL = _words(
    r"(?<!\w)(?:price|our price|preis|prix|precio|pre[cç]o|prezzo|prijs|pris|cena|cijena|hinta|fiyat[ıi]?|kaina|hind|cena|pre[tț]|harga|ár|цена|ціна|стоимость|τιμή|giá|ราคา|価格|价格|價格|售价|가격|판매가|السعر|מחיר|قیمت)(?!\w)",
)
NOW_LABEL = _words(
    r"(?<!\w)(?:now|sale|today|special|deal|our price|jetzt|nur|aktion|maintenant|ahora|oferta|por|ora|adesso|offerta|nu|teraz|promoc\w*|ny[nň]í|akce|akcia|most|akci[óo]s|acum|сейчас|теперь|акция|şimdi|indirimli|nå|nyt|agora|specialpreis|sonderpreis|sale price|price now|после скидки|特価|セール|现价|促销价|할인가)(?!\w)",
)
LIST_LABEL = _words(
    r"(?<!\w)(?:was|rrp|r\.r\.p|msrp|srp|list(?: price)?|reg(?:ular)?\.?(?: price)?|orig(?:inal(?:ly)?)?|original price|before|retail(?: price)?|compare(?:d)? at|mrp|m\.r\.p|previous(?:ly)?|old price|statt|uvp|vorher|bisher|ehemals|bislang|unverbindliche|streichpreis|au lieu de|prix (?:conseillé|public|barré|d'origine|normal|habituel)|avant|ancien prix|antes|precio (?:anterior|original|normal|regular|habitual|lista|de lista)|pvp|de|de:|era|prezzo (?:originale|di listino|consigliato|precedente)|listino|anziché|invece di|cena (?:regularna|katalogowa|detaliczna|poprzednia|przed|sugerowana|pierwotna)|stara cena|poprzedni\w*|najniższa cena|před slevou|běžn[áě]|bežn[áe]|původn[íě]|pôvodn[áe]|doporučen[áo]|odporúčan[áo]|moc|dmoc|mpc|eredeti ár|régi ár|helyett|ajánlott|preț vechi|pret vechi|prp|старая|стара|было|розничная|обычная|eski|liste|piyasa|vejl|vejledende|førpris|før|førpris|tidligare|ordinarie|ord\.?|normalpris|norm\.|ovh|ennen|normaali|van|adviesprijs|i\.p\.v|redna cena|redna|stara|staro|mpc|ппц|αρχική|λιανική|定価|通常価格|希望小売|メーカー|参考価格|原价|原價|市场价|市價|정가|정상가|시중가|소비자가|giá gốc|giá cũ|ราคาปกติ|المعتاد|كان|בעבר|قیمت قبلی)(?!\w)",
)
SECONDARY_LABEL = _words(
    r"(?<!\w)(?:excl|ex|exkl|excluding|without|w/o)\.?\s*(?:vat|tax|gst|btw|moms|mwst|mva|ust|iva)(?!\w)|(?<!\w)netto|(?<!\w)nett[óo](?!\w)|(?<!\w)net(?!\w)|zzgl|bez\s+(?:dph|vat|pdv|ddv|podatku|mwst)|brez\s+ddv|без\s+(?:ндс|ддс|пдв)|\bht\b|hors\s+tax|(?:sin|senza|sem|s/)\s*(?:iva|impuestos)|[áa]fa\s+nélkül|kdv\s+hari[çc]|\+\s*kdv|alv\s*0|f[ăa]r[ăa]\s+tva|without\s+tax|ex\.?\s*moms|ilman\s+alv|税抜|税別|未税",
    r"/\s?(?:\d+\s?)?(?:mo|mth|month|wk|week|yr|year|day|night|kg|g|gr|l|lt|ltr|ml|cl|oz|lb|m|m²|m2|m3|qm|stk|st|szt|ks|pc|pcs|piece|unit|kpl|db|mes|mois|monat|mån|mies|мес|кг|шт|л|м|100)\b|(?<!\w)(?:per|pro|je|par|por|al|à|za|per\s+)\s?(?:\d+\s?)?(?:month|week|year|day|kg|g|l|ml|liter|litre|100|oz|lb|unit|monat|mois|mes|mese|maand|mån|miesiąc|měsíc|mesačne|mjesec|kus|stück|metre|meter)(?!\w)|(?<!\w)p\.?\s?m\.|monthly|monatlich|mensual|mensuel|mensili|miesięcznie|měsíčně|havonta|месяц|aylık|taksit|rate(?:n|s)?(?!\w)|raty|ratenzahlung|installment|instalment|payments? of|interest|cuotas|parcelas|sem juros|x de|plazos|в\s+кредит|рассроч|klarna|afterpay|affirm|clearpay|finance|leasing|od\s+\d+\s+rat",
    r"shipping|delivery|deliver|versand|lieferung|livraison|frais de port|env[íi]o|spedizione|frete|entrega|dostaw|doprav|doručen|poštn|szállítás|livrare|доставк|kargo|frakt|fragt|toimitus|verzend|postage|freight|送料|运费|運費|배송|الشحن",
    r"(?<!\w)(?:save|you save|saving|savings|off|discount|spare|sie sparen|ersparnis|gespart|rabatt|rabat|économi\w+|remise|ahorr\w+|descuento|risparmi\w*|sconto|economiz\w+|desconto|oszczędz\w+|ušetří\w*|sleva|zľava|zniżk\w*|megtakarít\w*|kedvezmény|скидк\w*|экономи\w*|выгод\w*|знижк\w*|indirim|kazan[çc]\w*|spar(?:er)?|bespaar|korting|säästä\w*|alennus|popust|reducere|economis\w*|coupon|gutschein|voucher|cash\s?back|deposit|pfand|kaucja|points?|punkte|puan|credit|gift\s?card|trade-?in)(?!\w)",
    r"(?<!\w)(?:over|above|orders?|minimum|mind\.|spend|mehr als|bestellwert|free|gratis|kostenlos|gratuit\w*|zdarma|ingyen|бесплатн\w*|безкоштовн\w*|ücretsiz)(?!\w)|(?<!\w)(?:members?|club|prime|subscribe|subscription|abo|wholesale|b2b|qty|quantity|\d+\+|each when|buy \d+|\d+ for|ab \d+ stück|od \d+ (?:ks|szt)|subtotal|total|summe|totaal|totale|suma|итого|toplam|warranty|insurance|garantie|gwarancj|pojištění)(?!\w)",
)
FROM_LABEL = _words(
    r"(?<!\w)(?:from|starting(?: at| from)?|starts at|as low as|ab|à partir de|a partir de|dès|desde|da|a partire da|od|już od|vanaf|fra|från|alkaen|-tól|-től|от|від|de la|başlayan|از|起|から|부터|từ|ab nur|up to|bis(?: zu)?|jusqu'à|hasta|fino a|до)(?!\w)[\s:]*$",
)
UNIT_AFTER = re.compile(
    r"^\s*(?:%|ml|cl|l|g|kg|mg|cm|mm|m|m²|km|w|v|a|mah|gb|tb|mb|mp|hz|ghz|inch|in|\"|″|”|'|x|×|oz|lb|lbs|pcs|pc|pieces|ks|szt|stk|stück|шт|г|кг|мл|л|см|мм|м|ks\.|"
    r"reviews?|ratings?|stars?|items?|products?|results?|days?|hours?|years?|min|people|sold|votes?|°|号|件|個|人|日|月|年|번|개)(?![\w$€£])",
    re.IGNORECASE,
)
