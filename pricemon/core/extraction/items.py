"""Markup → items: one shape for JSON-LD, microdata and RDFa, so that one reader serves all.

An item is a dict as JSON-LD has it: `@type` a list of bare type names, properties by bare name,
values strings, numbers, items, or lists of those. Items from the page's body also carry `@node`,
the element they stand on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from pricemon.core.extraction import lenient_json
from pricemon.core.extraction.document import Document, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from selectolax.lexbor import LexborNode

Item: TypeAlias = dict[str, Any]

MAX_ITEMS = 5_000
MAX_DEPTH = 40
MAX_TEXT = 500

_URL_TAGS = {
    **dict.fromkeys(("a", "area", "link"), "href"),
    **dict.fromkeys(("img", "iframe", "audio", "video", "embed", "source"), "src"),
    "object": "data",
}
_VOCABULARY = re.compile(
    r"^(?:https?://(?:www\.)?schema\.org/|schema:|https?://(?:rdf\.)?data-vocabulary\.org/#?)",
    re.IGNORECASE,
)
_FORMERLY = {
    "offerDetails": "offers", "currency": "priceCurrency", "hasCurrencyValue": "price",
    "hasCurrency": "priceCurrency", "hasPriceSpecification": "priceSpecification",
}  # fmt: skip
"""Names of data-vocabulary.org and GoodRelations for what schema.org took over from them."""


_AS_SPELLED = {
    name.lower(): name
    for name in ("Product", "ProductGroup", "ProductModel", "Offer", "AggregateOffer", "ItemList")
}
"""Types whose capitals shops get wrong."""


def bare(name: object) -> str:
    """`http://schema.org/Product`, `schema:Product` → `Product`; what is no name → ``."""
    return _VOCABULARY.sub("", name.strip()) if isinstance(name, str) else ""


def types(item: Item) -> list[str]:
    """The item's type names, bare."""
    declared = item.get("@type")
    names = (bare(t) for t in (declared if isinstance(declared, list) else [declared]) if t)
    return [_AS_SPELLED.get(name.lower(), name) for name in names]


def listed(value: Any) -> list[Any]:
    """A property's values as a list, however many there are."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def first_text(value: Any) -> str | None:
    """The first textual value of a property; `@value`, `@id` and `name` stand for their objects."""
    for one in listed(value):
        plain = one
        if isinstance(one, dict):
            plain = one.get("@value") or one.get("@id") or one.get("name")
        if isinstance(plain, (str, int)) and not isinstance(plain, bool) and str(plain).strip():
            return str(plain).strip()
    return None


def json_ld(document: Document) -> list[Item]:
    """The top-level items of every `ld+json` script, whatever its exact type attribute."""
    found: list[Item] = []
    for script, kind in document.scripts:
        for value in lenient_json.documents(script.text()) if _is_json_ld(kind) else ():
            found += [one for one in listed(value) if isinstance(one, dict)]
    return found


def _is_json_ld(kind: str) -> bool:
    return "ld+json" in kind or "ld json" in kind


def microdata(document: Document) -> list[Item]:
    """The top-level microdata items, in document order."""
    scopes = document.tree.css("[itemscope]")[:MAX_ITEMS]
    if not scopes:
        return []
    return list(_assemble(scopes, document.tree.css("[itemprop]")[: MAX_ITEMS * 4], document))


def _assemble(
    scopes: Iterable[LexborNode], properties: Iterable[LexborNode], document: Document
) -> Iterator[Item]:
    items: dict[int, Item] = {}
    for node in scopes:
        attributes = node.attributes
        items[node.mem_id] = {
            "@type": (attributes.get("itemtype") or "").split(),
            "@id": attributes.get("itemid"),
            "@node": node,
        }
    owned: set[int] = set()
    for node in properties:
        owner = _owner(node, items)
        item = items.get(node.mem_id)
        if owner is None:
            continue
        if item is not None:
            owned.add(node.mem_id)
        _add(owner, node.attributes.get("itemprop"), item or _microdata_value(node))
    for item in list(items.values()):
        for name in (item["@node"].attributes.get("itemref") or "").split()[:20]:
            _refer(item, name, items, owned, document)
    for key, item in items.items():
        if key not in owned:
            yield item


def _refer(
    item: Item, name: str, items: dict[int, Item], owned: set[int], document: Document
) -> None:
    """Add the properties under the element with id `name` that belong to no item of their own."""
    if not re.fullmatch(r"[\w-]+", name):
        return
    root = document.tree.css_first(f'[id="{name}"]')
    if root is None:
        return
    for node in [root, *root.css("[itemprop]")][:MAX_ITEMS]:
        names = node.attributes.get("itemprop")
        if names and _owner(node, items) is None:
            nested = items.get(node.mem_id)
            if nested is not None:
                owned.add(node.mem_id)
            _add(item, names, nested or _microdata_value(node))


def _owner(node: LexborNode, items: dict[int, Item]) -> Item | None:
    parent = node.parent
    for _ in range(MAX_DEPTH * 3):
        if parent is None:
            return None
        if parent.mem_id in items:
            return items[parent.mem_id]
        parent = parent.parent
    return None


def _add(item: Item, names: str | None, value: Any) -> None:
    if value == "" or value is None:
        return
    for name in (names or "").split():
        key = bare(name)
        key = _FORMERLY.get(key, key)
        if not key.startswith("@"):
            item.setdefault(key, []).append(value)


def _microdata_value(node: LexborNode) -> str:
    """HTML's rule for an element's property value, and `content` wherever a shop has put it."""
    attributes = node.attributes
    content = attributes.get("content")
    if content is not None:
        return content.strip()
    tag = node.tag or ""
    if tag in _URL_TAGS:
        return (attributes.get(_URL_TAGS[tag]) or "").strip() or text_of(node)[:MAX_TEXT]
    if tag in ("data", "meter") and attributes.get("value"):
        return (attributes.get("value") or "").strip()
    return text_of(node)[:MAX_TEXT]


_TARGETS = {"content", "resource", "href", "src"}


def rdfa(document: Document) -> list[Item]:
    """The top-level RDFa items: `typeof` with `property` beneath it."""
    scopes = document.tree.css("[typeof]")[:MAX_ITEMS]
    items: dict[int, Item] = {}
    for node in scopes:
        attributes = node.attributes
        items[node.mem_id] = {
            "@type": [_local(name) for name in (attributes.get("typeof") or "").split()],
            "@id": attributes.get("resource") or attributes.get("about"),
            "@node": node,
        }
    if not items:
        return []
    owned: set[int] = set()
    for node in document.tree.css("[property], [rel]")[: MAX_ITEMS * 4]:
        owner = _owner(node, items)
        if owner is None:
            continue
        item = items.get(node.mem_id)
        if item is not None:
            owned.add(node.mem_id)
        attributes = node.attributes
        names = attributes.get("property") or attributes.get("rel")
        if item is None and "rel" in attributes and not _TARGETS & attributes.keys():
            # `<span rel="offers"><span typeof="Offer">`: the relation is to the item inside.
            inner = node.css_first("[typeof]")
            item = items.get(inner.mem_id) if inner is not None else None
            if inner is not None:
                owned.add(inner.mem_id)
        local = " ".join(_local(name) for name in (names or "").split())
        _add(owner, local, item or _rdfa_value(node, attributes))
    return [item for key, item in items.items() if key not in owned]


def _local(name: str) -> str:
    """A name without its vocabulary, whichever prefix the page has chosen: `s:price` → `price`."""
    if name.startswith(("og:", "product:", "twitter:", "fb:", "article:")):
        return name
    return re.split("[:/#]", name)[-1]


def _rdfa_value(node: LexborNode, attributes: dict[str, str | None]) -> str:
    for name in ("content", "resource", "href", "src"):
        value = attributes.get(name)
        if value:
            return value.strip()
    return text_of(node)[:MAX_TEXT]
