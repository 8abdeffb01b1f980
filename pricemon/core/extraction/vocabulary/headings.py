"""Headings that announce other products: what stands below them is not what the page sells."""

from __future__ import annotations

_PHRASES = """
    see also, others, more products, more items, accessories, popular now,
    popular products, best sellers, bestsellers, top sellers, trending, trending now,
    featured products, new products, new arrivals, special offers, specials,
    recommendations, customer favourites, similar items, similar products, zubehör,
    passendes zubehör, ähnliche artikel, ähnliche produkte, bestseller,
    unsere empfehlungen, weitere artikel, ook leuk, gerelateerde producten,
    accessoires, produits similaires, produits associés, articles similaires,
    autres produits, vous aimerez aussi, productos relacionados, productos similares,
    otros productos, prodotti correlati, prodotti simili, potrebbe interessarti,
    produtos relacionados, produtos similares, podobne produkty, polecane produkty,
    polecamy, akcesoria, podobné produkty, související produkty, súvisiace produkty,
    příslušenství, príslušenstvo, kapcsolódó termékek, hasonló termékek,
    produse similare, produse asemănătoare, похожие товары, сопутствующие товары,
    с этим товаром покупают, рекомендуем, аксессуары, схожі товари, супутні товари,
    benzer ürünler, ilgili ürünler, relaterade produkter, tillbehör,
    liknande produkter, relaterte produkter, tilbehør, lignende produkter,
    samankaltaisia tuotteita, lisätarvikkeet, povezani izdelki, sorodni izdelki,
    povezani proizvodi, slični proizvodi, σχετικά προϊόντα, sản phẩm liên quan,
    похожие объявления, вместе с этим товаром покупают,
    関連商品, おすすめ商品, 相关产品, 相關商品, 관련 상품, สินค้าที่เกี่ยวข้อง
"""
_WHOLE = frozenset(" ".join(phrase.split()) for phrase in _PHRASES.split(","))
_BEGINNINGS = (
    "related", "you may also", "you might also", "customers also", "customers who", "recommended",
    "recently viewed", "frequently bought", "similar ", "more from", "more like", "people also",
    "others also", "complete the", "goes well with", "pairs well", "kunden kauften",
    "kunden, die", "das könnte", "wird oft zusammen", "zuletzt angesehen", "anderen bekeken",
    "les clients", "también te", "te puede", "los clientes", "chi ha acquistato", "quem viu",
    "quem comprou", "klienci kupili", "inni klienci", "ostatnio oglądane", "mohlo by",
    "zákazníci", "猜你喜欢", "你可能", "您可能", "相关", "相關", "推荐", "推薦", "看了又看",
    "热销", "おすすめ", "関連", "この商品を", "最近", "추천", "함께", "다른 고객", "최근 본",
    "สินค้าแนะนำ", "คุณอาจ", "สินค้าใกล้เคียง", "sản phẩm tương tự", "sản phẩm khác",
    "có thể bạn", "منتجات", "قد يعجبك", "مشاب", "محصولات", "کالاهای", "מוצרים", "אולי יעניין",
    "slične", "slični", "podobn", "подобни", "свързани", "сродни", "inni kupili", "więcej od",
    "więcej z", "ähnlich", "passend", "mais do", "más de", "plus de la", "вместе дешевле",
    "вместе выгоднее", "купить вместе", "дешевле вместе", "разом дешевше", "taniej w zestawie",
    "kup w zestawie", "zusammen kaufen", "im set", "acheter ensemble", "comprar juntos",
    "better together", "buy together", "vaak samen", "samen gekocht", "combineer",
    "ook interessant", "bekijk ook", "klanten koch", "często kupowane", "zobacz też",
    "zobacz również", "klienci, którzy", "pasuje do", "často kupované", "zákazníci také",
    "mohlo by se", "nezapomeňte", "sản phẩm cùng", "sản phẩm đã", "sản phẩm gợi", "sp liên quan",
    "produk terkait", "produk serupa", "produk lain", "mungkin anda", "rekomendasi",
    "anda mungkin", "compre junto", "aproveite", "comprados juntos", "suele comprarse",
    "completa tu", "completa il", "spesso comprati", "acquistati insieme", "souvent achet",
    "fréquemment achet", "complétez", "vous pourriez", "oxşar", "o‘xshash", "o'xshash", "ұқсас",
    "төстэй", "მსგავსი", "նմանատիպ", "të ngjashme", "produkte të", "tengdar vörur", "svipaðar",
    "også kjøpt", "kundene kjøpte", "andre kjøpte", "andre købte", "köp till", "ofte kjøpt",
    "σχετικ", "παρόμοι", "μπορεί να", "hasonló", "ezeket is", "andere kund", "anbefal", "du vil",
    "du kanske", "suosittele", "saatat", "asiakkaat", "seotud", "sarnased", "panašios", "līdzīg",
    "вас может", "вам может", "с этим товаром", "bunu alanlar", "andra köpte", "kunder köpte",
)  # fmt: skip


def announces_others(heading: str) -> bool:
    """Whether a heading stands over other products: `You may also like`, `Zubehör`."""
    plain = heading.strip(" \t\r\n.:!?…").casefold()
    return plain in _WHOLE or plain.startswith(_BEGINNINGS)
