"""Availability in the page's own words, close to its product; asked where markup is silent.

Only short texts that say nothing else count (`Auf Lager`, `Availability: Out of stock`): a
sentence about delivery is no statement. Where the words contradict each other nothing is said.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from pricemon.core.model import Availability

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from pricemon.core.extraction.sight import View
    from pricemon.core.extraction.zones import Zones

_PHRASES: dict[str, Availability] = {}
for _state, _phrases in {
    Availability.IN_STOCK: """
        in stock, in-stock, instock, available, available now, available online, item in stock,
        product in stock, currently in stock, in stock online, ready to ship, ships today,
        in stock now, auf lager, lieferbar, sofort lieferbar, vorrätig, sofort verfügbar,
        verfügbar, ab lager lieferbar, lagernd, op voorraad, voorradig, direct leverbar, en stock,
        disponible, en stock en ligne, disponible en ligne, disponible immédiatement,
        en existencia, hay stock, disponibile, disponibilità immediata, in magazzino, em estoque,
        em stock, disponível, skladem, na skladě, na sklade, skladom, ihned k odeslání, dostępny,
        dostępne, w magazynie, na stanie, produkt dostępny, dostępny od ręki, duża ilość,
        średnia ilość, raktáron, készleten, elérhető, în stoc, in stoc, stoc suficient,
        disponibil, в наличии, есть в наличии, на складе, достаточно, много, є в наявності,
        в наявності, в наличност, налично, наличен, stokta, stokta var, mevcut, på lager, i lager,
        finns i lager, finns i webblager, varastossa, heti saatavilla, na zalogi, dobavljivo,
        zaloga, na zalihi, na lageru, dostupno, na stanju, raspoloživo, laos, laos olemas,
        ir noliktavā, pieejams, yra sandėlyje, turime, prekė yra sandėlyje, σε απόθεμα, διαθέσιμο,
        άμεσα διαθέσιμο, còn hàng, in voorraad, متوفر, متوفر في المخزون, მარაგშია, არის მარაგში,
        առկա է, առկա, ir pieejams, til á lager, fáanlegt, متوفر حالياً, متاح, متوفر بالمخزون,
        موجود, موجود در انبار, זמין במלאי, มีสินค้าพร้อมส่ง, พร้อมส่ง, còn hàng tại, ready stock,
        stok tersedia, স্টকে আছে, қоймада бар, mavjud, omborda bor, anbarda var, mövcuddur,
        stokda var, në stok, ka në stok, на залиха, na stanju odmah, na voljo, ni čakanja,
        dostupno odmah, sandėlyje, turime sandėlyje, 有现货, 現貨, 現貨供應, 有庫存, 尚有庫存,
        재고있음, versandfertig, sofort versandfertig, en stock inmediato, in pronta consegna,
        pronta entrega, expédié sous 24h, במלאי, 在庫あり, 有货, 有貨, 现货, 재고 있음, มีสินค้า,
        tersedia, มีสินค้าในสต็อก
    """,
    Availability.OUT_OF_STOCK: """
        out of stock, out-of-stock, sold out, soldout, currently unavailable,
        temporarily out of stock, unavailable, not available, no longer in stock,
        item is out of stock, this item is out of stock, this product is out of stock,
        currently out of stock, not in stock, out of stock online, currently sold out,
        temporarily unavailable, this product is currently unavailable,
        this item is currently unavailable,
        we don't know when or if this item will be back in stock, email me when available,
        notify me when available, ausverkauft, nicht auf lager, nicht lieferbar, nicht verfügbar,
        nicht vorrätig, derzeit nicht verfügbar, zur zeit nicht lieferbar,
        momentan nicht verfügbar, vergriffen, uitverkocht, niet op voorraad, niet leverbar,
        niet leverbaar, rupture de stock, en rupture de stock, épuisé, indisponible,
        actuellement indisponible, non disponible, produit épuisé, agotado, sin stock,
        no disponible, sin existencias, producto agotado, esaurito, non disponibile,
        non disponibile al momento, temporaneamente non disponibile, esgotado, indisponível,
        fora de estoque, produto indisponível, vyprodáno, není skladem, nedostupné, vypredané,
        nie je skladom, momentálně nedostupné, momentálne nedostupné, wyprzedane, niedostępny,
        brak w magazynie, brak towaru, produkt niedostępny, chwilowo niedostępny, wyprzedany,
        towar niedostępny, elfogyott, nincs készleten, nincs raktáron, jelenleg nem elérhető,
        nem elérhető, stoc epuizat, indisponibil, nu este în stoc, нет в наличии, нет на складе,
        распродано, товар закончился, немає в наявності, відсутній, няма наличност, изчерпан,
        изчерпано, не е наличен, tükendi, stokta yok, stok tükendi, utsolgt, slut i lager,
        slutsåld, ikke på lager, udsolgt, loppuunmyyty, ei varastossa, tillfälligt slut,
        ikke tilgængelig, ni na zalogi, razprodano, nedobavljivo, nije dostupno, nema na zalihi,
        rasprodano, trenutno nedostupno, otsas, läbi izpārdots, išparduota,
        nėra sandėlyje, εξαντλήθηκε, μη διαθέσιμο, εξαντλημένο, hết hàng, غير متوفر,
        نفذ من المخزون, نفدت الكمية, אזל מהמלאי, אזל המלאי, 在庫切れ, 在庫なし, 売り切れ, uppselt,
        გაყიდულია, არ არის მარაგში, առկա չէ, nav pieejams, nav noliktavā, نفدت, نفذت الكمية,
        ناموجود, אזל, המוצר אזל, หมด, สินค้าหมดชั่วคราว, tạm hết hàng, স্টক আউট, жоқ, tugagan,
        bitib, stokda yoxdur, anbarda yoxdur, jashtë stokut, нема на залиха, распродадено,
        nema na stanju, rasprodato, trenutno ni na zalogi, trenutno nema na zalihi, neturime,
        已售完, 售完, 補貨中, 缺貨中,
        εξαντλήθηκε προσωρινά, 品切れ, 缺货, 缺貨, 无货, 售罄, 품절, 일시품절,
        สินค้าหมด, habis, stok habis
    """,
    Availability.PRE_ORDER: """
        pre-order, preorder, pre order, available for pre-order, vorbestellbar, vorbestellung,
        précommande, en précommande, preventa, pre-venda, preordine, předobjednávka, předprodej,
        predobjednávka, przedsprzedaż, előrendelés, предзаказ, передзамовлення, ön sipariş,
        förbeställ, forudbestilling, forhåndsbestill, ennakkotilaus, 予約受付中, 预售, 예약판매
    """,
    Availability.BACK_ORDER: """
        back-order, backorder, on backorder, available on backorder, on back order, nachbestellt,
        auf bestellung, na objednávku, na zamówienie, под заказ, під замовлення, sur commande,
        bajo pedido, su ordinazione, sob encomenda, rendelésre, la comandă, beställningsvara,
        op bestelling
    """,
    Availability.DISCONTINUED: """
        discontinued, no longer available, this item is no longer available,
        this product is no longer available, product discontinued, nicht mehr lieferbar,
        nicht mehr verfügbar, artikel nicht mehr verfügbar, eingestellt, n'est plus disponible,
        produit arrêté, descatalogado, fuori produzione, prodej ukončen, ukončený predaj,
        snět z produkce, wycofany ze sprzedaży, снят с производства, знято з виробництва, utgått,
        utgår, udgået, poistunut valikoimasta, niet meer leverbaar, kifutott, 販売終了, 停产,
        단종
    """,
    Availability.LIMITED: """
        low stock, limited stock, only a few left, few left, last items in stock, last items,
        last pieces, nur noch wenige verfügbar, wenige verfügbar, geringer bestand,
        derniers articles en stock, últimas unidades, ultimi pezzi, ostatnie sztuki,
        poslední kusy, posledné kusy, mała ilość, utolsó darabok, последние штуки, son ürünler,
        få på lager, få kvar i lager, få i lager, ultimele bucăți, 残りわずか
    """,
}.items():  # fmt: skip
    for _phrase in _phrases.replace("\n", ",").split(","):
        _PHRASES.setdefault(" ".join(_phrase.split()), _state)
_PHRASES.pop("", None)

_SHORTEST = 2
_LONGEST = 60
_MOST_SPACED = 120
_EDGES = " \t\n\r.,;:!*•·✓✔✗✘●○-–—()[]|>»\u00a0"
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_FIRST_PART = re.compile(r"[^-–—,.(!]{4,}(?=\s[-–—]\s|,\s|\.\s|\s\(|!\s)")
"""`In stock - ships tomorrow`: what stands before the details."""
_SAYS_MORE = re.compile(r"[:\d]|\s\s|[^\S ]|\s[-–—(]|[,.!]\s")
"""What may stand beside a phrase in one text: a label, a number, white space to squeeze."""
_COUNTED = re.compile(
    r"^(?:only |nur noch |noch |plus que |solo |tylko |już tylko |pouze )?\d+\+?\s?(?:items?"
    r"|pcs|pieces|stück|ks|szt\.?|left|units?)?\s+|\s*[(>:]?\s*[>+]?\s?\d+\s?\+?\s?(?:ks"
    r"|szt\.?|pcs|stk|st|db|шт\.?|units?|items?)?\s*\+?\)?$"
)
MAX_NODES = 4_000
_UP = 7
_CLOSED = frozenset((Availability.OUT_OF_STOCK, Availability.DISCONTINUED))
_SILENT = frozenset(("script", "style", "option", "label"))


def agreed(stated: Availability | None, view: View) -> Availability | None:
    """What markup states, or the page says where markup is silent; None where they contradict.

    Templates state `InStock` whatever happens: words to the contrary count where no button sells.
    """
    if stated is None:
        return read(view)
    if stated is Availability.IN_STOCK and not view.orderable and view.heading is not None:
        return None if read(view) in _CLOSED else stated
    return stated


def read(view: View) -> Availability | None:
    """What the texts around the product say, or None when they say nothing or both."""
    root = _around(view)
    if root is None:
        return None
    found: list[Availability] = []
    for node in islice(root.traverse(include_text=True, skip_empty=True), MAX_NODES):
        text = node.text_content
        if text is None or len(text) > _MOST_SPACED:
            continue
        state = phrase(text)
        parent = node.parent
        if state is None or parent is None or _aside(parent, view.zones):
            continue
        # Themes carry a badge `Sold out` on every page, and show it by style alone.
        if state in _CLOSED and view.orderable and _is_a_badge(parent):
            continue
        found.append(state)
    return _one(found)


@lru_cache(maxsize=4096)
def phrase(text: str) -> Availability | None:
    """What one short text says: the whole of it, or what stands behind its colon."""
    plain = text.strip(_EDGES).lower()
    state = _PHRASES.get(plain)
    if state is not None or not _SHORTEST <= len(plain) <= _LONGEST or not _SAYS_MORE.search(plain):
        return state
    plain = " ".join(plain.split())
    behind_colon = (plain.rpartition(":")[2].strip(_EDGES),) if ":" in plain else ()
    before_more = (more[0].strip(_EDGES),) if (more := _FIRST_PART.match(plain)) else ()
    for part in (plain, *behind_colon, *before_more):
        state = _PHRASES.get(part)
        if state is None and _DIGIT.search(part) and _LETTER.search(part):
            state = _PHRASES.get(_COUNTED.sub("", part))
        if state is not None:
            return state
    return None


def _aside(node: LexborNode, zones: Zones) -> bool:
    return node.tag in _SILENT or zones.is_aside(node)


def _is_a_badge(node: LexborNode) -> bool:
    named = (one.attributes.get("class") or "" for one in (node, node.parent) if one is not None)
    return any("badge" in name for name in named)


def _around(view: View) -> LexborNode | None:
    """The part of the page that holds both the heading and the price, and a little more."""
    heading = view.heading
    node = heading if heading is not None else (view.winner.node if view.winner else None)
    up = _UP
    if heading is not None and view.winner is not None:
        up = min(view.winner.place.around.up, 12) + 1
    for _ in range(up):
        if node is None or node.parent is None or node.tag == "body":
            break
        node = node.parent
    return node


def _one(found: list[Availability]) -> Availability | None:
    """What is said first, unless something else contradicts it."""
    closed = _CLOSED & set(found)
    if closed and not closed.issuperset(found):
        return None
    if Availability.DISCONTINUED in closed:
        return Availability.DISCONTINUED
    return found[0] if found else None
