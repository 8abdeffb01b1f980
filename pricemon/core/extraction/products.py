"""Which of the products in a page's markup is the page's own.

Related, recommended and bundled products carry offers too. Position in the markup says most
(`mainEntity`, `isRelatedTo`, an `ItemList`), then identity (URL, canonical, sku, gtin), then the
name against the heading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from selectolax.lexbor import LexborNode

from pricemon.core.extraction import offers
from pricemon.core.extraction.document import Document, text_of
from pricemon.core.extraction.items import MAX_DEPTH, MAX_ITEMS, Item, first_text, listed, types
from pricemon.core.wordlist import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PRODUCT_TYPES = frozenset(
    words(
        """
    Product ProductGroup ProductModel IndividualProduct SomeProducts Vehicle Car Motorcycle Book
    Drug DietarySupplement VideoGame Movie MusicAlbum MusicRelease Course SoftwareApplication
    MobileApplication WebApplication Event CreativeWork Game Accommodation House Apartment
    Product-Product RealEstateListing
    """
    )
)
_STRICT = frozenset(
    words(
        """
    Product ProductGroup ProductModel IndividualProduct SomeProducts Vehicle Car Book
    """
    )
)
_MAX_PRODUCTS = 300
_ENOUGH = 2
"""The least score of a page's own product: a plain one, with nothing for or against it."""
_SHORTEST_KEY = 3
"""Characters of a query value that may name a variant; `1` and `en` name nothing."""
_ALIKE = 0.75
_SHORT_NAME = 3
_REFERENCE = 2
"""Keys of an object that is a reference to another: `@id`, perhaps `@type`."""


class Role(IntEnum):
    """Where in the markup a product stands; the higher, the likelier the page's own."""

    RELATED = 0
    LISTED = 1
    PLAIN = 2
    MAIN = 3


_RELATED = words(
    """
    isRelatedTo isSimilarTo isAccessoryOrSparePartFor isConsumableFor relatedLink suggestedProduct
    isPartOf hasPart includesObject recommendations
    """
)
_LISTED = words("itemListElement hasOfferCatalog makesOffer hasMenu review owns")
_ROLES = {
    **dict.fromkeys(_RELATED, Role.RELATED),
    **dict.fromkeys(_LISTED, Role.LISTED),
    **dict.fromkeys(("mainEntity", "mainEntityOfPage", "about"), Role.MAIN),
}
_INSIDE = frozenset(("offers", "hasVariant", "model", "isVariantOf", "brand", "aggregateRating"))


@dataclass(frozen=True, slots=True)
class Product:
    """One product item, with the role its place in the markup gives it."""

    item: Item
    role: Role
    source: str
    name: str
    keys: frozenset[str]

    @property
    def node(self) -> LexborNode | None:
        """Its element, where its markup stands in the page's body."""
        node = self.item.get("@node")
        return node if isinstance(node, LexborNode) else None


def find(items: Iterable[Item], source: str) -> list[Product]:
    """Every product among `items` and beneath them, in order, variants inside their group."""
    items = list(items)
    by_id: dict[str, Item] = {}
    if source == "json-ld":  # the other syntaxes nest their items
        named = (i for i in _all(items) if isinstance(i.get("@id"), str))
        by_id = {item["@id"]: item for item in named if len(item) > _REFERENCE}
    found: list[Product] = []
    for item, role in _walk(items, by_id):
        names = set(types(item))
        if names & PRODUCT_TYPES and (names & _STRICT or "offers" in item):
            resolved = _linked(item, by_id)
            name = first_text(item.get("name")) or ""
            found.append(Product(resolved, role, source, name, offers.keys_of(item)))
        elif "Offer" in names and "itemOffered" in item:
            found += [
                Product(
                    {**of, "offers": [item]},
                    role,
                    source,
                    first_text(of.get("name")) or "",
                    offers.keys_of(of),
                )
                for of in listed(item["itemOffered"])
                if isinstance(of, dict) and "offers" not in of
            ]
        if len(found) >= _MAX_PRODUCTS:
            break
    return found


def _all(items: Sequence[Item]) -> Iterator[Item]:
    return (item for item, _ in _walk(items, {}, everything=True))


def _walk(
    items: Iterable[Any], by_id: dict[str, Item], *, everything: bool = False
) -> Iterator[tuple[Item, Role]]:
    """Items in document order with their roles; bounded in depth and number, each once."""
    seen: set[int] = set()
    stack: list[tuple[Any, Role, int]] = [(item, Role.PLAIN, 0) for item in reversed(list(items))]
    while stack and len(seen) < MAX_ITEMS:
        value, role, depth = stack.pop()
        if isinstance(value, list):
            stack += [(one, role, depth) for one in reversed(value)]
            continue
        if not isinstance(value, dict) or id(value) in seen or depth > MAX_DEPTH:
            continue
        if len(value) == 1 and isinstance(value.get("@id"), str) and value["@id"] in by_id:
            value = by_id[value["@id"]]
            if id(value) in seen and role is not Role.MAIN:
                continue
        seen.add(id(value))
        yield value, role
        own = set(types(value)) & _STRICT
        for key, child in reversed(list(value.items())):
            if isinstance(child, (dict, list)) and (everything or not (own and key in _INSIDE)):
                stack.append((child, _role(role, key, own=bool(own)), depth + 1))


def _role(role: Role, key: str, *, own: bool) -> Role:
    if role <= Role.LISTED:
        return min(role, _ROLES.get(key, role))
    if own and key not in ("mainEntityOfPage", "mainEntity"):
        # A product inside another product's properties is at best its relative.
        return Role.RELATED
    return _ROLES.get(key, role)


def _linked(item: Item, by_id: dict[str, Item]) -> Item:
    """The item with the `@id` references that matter here replaced by what they name."""
    changed: Item = {}
    for key in ("offers", "hasVariant", "priceSpecification"):
        values = listed(item.get(key))
        linked = [_follow(value, by_id) for value in values]
        if linked != values:
            changed[key] = linked
    return {**item, **changed} if changed else item


def _follow(value: Any, by_id: dict[str, Item]) -> Any:
    if isinstance(value, str):
        return by_id.get(value, value)
    if isinstance(value, dict) and len(value) <= _REFERENCE and value.get("@id") in by_id:
        return by_id[value["@id"]]
    return value


def main(
    products: list[Product], document: Document, *, identifiers: Sequence[str], title: str | None
) -> list[Product]:
    """The page's own product; several when nothing tells them apart; none on a listing."""
    if not products:
        return []
    wanted = {value.lower() for value in identifiers if value}
    addresses = addresses_of(document)
    names = [tokens(text_of(h1)) for h1 in document.headings[:4]]
    names += [tokens(name) for name in (title, document.title) if name]

    def score(product: Product) -> int:
        own = tokens(product.name)
        points = {Role.MAIN: 4, Role.PLAIN: 2, Role.LISTED: -1, Role.RELATED: -4}[product.role]
        points += 6 * bool(wanted & product.keys)
        points += 3 * bool({comparable(key) for key in product.keys if "/" in key} & addresses)
        named = any(alike(own, name) for name in names)
        points += 4 * named + (own in names)
        if product.node is not None:
            holds = _holds_heading(product.node)
            # In the body, a product beside the heading with a name of its own is another one.
            points += 1 if holds else -3 * bool(own and names and not named)
        return points

    scores = [score(product) for product in products]
    best = max(scores)
    if best < _ENOUGH:
        return []
    chosen = [product for product, points in zip(products, scores, strict=True) if points == best]
    if len({product.name for product in chosen if product.name}) > 1:
        return []
    return chosen


def _holds_heading(node: LexborNode) -> bool:
    return node.css_first("h1") is not None


def addresses_of(document: Document) -> set[str]:
    """The page's own addresses, comparable."""
    return {
        comparable(url)
        for url in (document.url, document.canonical, document.meta("og:url"))
        if url
    }


def comparable(url: str) -> str:
    """A URL without scheme, `www.`, query, fragment and trailing slash."""
    bare_url = re.sub(r"^(?:https?:)?//(?:www\.)?|[?#].*$", "", url.strip().lower())
    return bare_url.rstrip("/")


def variant_keys(url: str) -> set[str]:
    """The values in a URL's query that may name a variant: `?variant=4711`, `?sku=…`."""
    try:
        query = parse_qsl(urlsplit(url).query, max_num_fields=50)
    except ValueError:
        return set()
    return {value.lower() for _, value in query if len(value) >= _SHORTEST_KEY} | {url.lower()}


_WORD = re.compile(r"\w+")


def tokens(text: str) -> tuple[str, ...]:
    """The words of a name, folded, at most forty."""
    return tuple(_WORD.findall(text.casefold()[:400]))[:40]


def alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two names are of one thing: the shorter's words are nearly all in the longer."""
    if not one or not other:
        return False
    short, long = sorted((set(one), set(other)), key=len)
    common = len(short & long)
    return common >= _ALIKE * len(short) and (common > 1 or len(long) <= _SHORT_NAME)
