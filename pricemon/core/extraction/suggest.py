"""From a price that a person sees to rules that find it, each one tried before it is proposed."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pricemon.core.extraction import rules
from pricemon.core.extraction.document import Document
from pricemon.core.extraction.lenient_json import documents
from pricemon.core.money import find_money, parse_machine
from pricemon.core.settings import ValueRule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from selectolax.lexbor import LexborNode

    from pricemon.core.model import Page

_MOST = 8
_LONGEST = 60
"""Characters of a price with its label."""
_DEEPEST = 20
_MAX_NODES = 20_000
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_-]{1,40}", re.IGNORECASE)
# Names made by a build tool change with the next release: css-1x2y3z, sc-bdVaJa, Price_a1b2c.
_GENERATED = re.compile(r"\d{2}|^css-|^sc-|__[\w-]{5}$|[a-z][A-Z][a-z][A-Z]")
_VALUE_ATTRIBUTES = (
    "content",
    "value",
    "data-price",
    "data-product-price",
    "data-price-amount",
    "data-value",
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A rule for the price, what it finds on this page, and how likely it is to last."""

    rule: dict[str, str]
    finds: str
    stable: bool

    @property
    def yaml(self) -> str:
        """The rule in YAML's one-line form."""
        return "{" + ", ".join(f"{key}: {json.dumps(v)}" for key, v in self.rule.items()) + "}"


def suggestions(page: Page, price: Decimal) -> list[Suggestion]:
    """Up to eight rules whose first match on this page is `price`, the stablest first."""
    document = Document(page.body, url=page.url, content_type=page.content_type)
    found: dict[str, Suggestion] = {}
    for rule in (*_by_element(document, price), *_by_script(document, price)):
        plain = {key: value for key, value in asdict(rule).items() if value is not None}
        key = json.dumps(plain)
        if key not in found and (text := _tried(rule, document, price)):
            stable = not _GENERATED.search(rule.css or "") and ":nth" not in (rule.css or "")
            found[key] = Suggestion(plain, text, stable)
    return sorted(found.values(), key=lambda one: (not one.stable, len(str(one.rule))))[:_MOST]


def _tried(rule: ValueRule, document: Document, price: Decimal) -> str | None:
    try:
        text = rules.value(rule, document)
    except rules.BrokenRuleError:
        return None
    return text if text is not None and _is(text, price) else None


def _is(text: str, price: Decimal) -> bool:
    machine = parse_machine(text)
    amounts = {money.amount for money in find_money(text)} if len(text) <= _LONGEST else set()
    return (machine is not None and machine.amount == price) or amounts == {price}


def _by_element(document: Document, price: Decimal) -> Iterator[ValueRule]:
    for count, node in enumerate(document.tree.root.traverse() if document.tree.root else ()):
        if count > _MAX_NODES:
            return
        attributes = node.attributes
        for name in _VALUE_ATTRIBUTES:
            if (value := attributes.get(name)) and _is(value, price):
                for css in _selectors(node):
                    yield ValueRule(css=css, attribute=name)
        text = node.text(strip=True) if node.tag not in ("script", "style", "html", "body") else ""
        if 0 < len(text) <= _LONGEST and _is(text, price):
            for css in _selectors(node):
                yield ValueRule(css=css)


def _selectors(node: LexborNode) -> Iterator[str]:
    """Selectors for an element by id, property or class, alone and under a named ancestor."""
    own = list(_names(node))
    yield from own
    parent = node.parent
    for _ in range(4):
        if parent is None or parent.tag in ("body", "html"):
            return
        for above in list(_names(parent))[:3]:
            for name in own[:3] or [node.tag or "*"]:
                yield f"{above} {name}"
        parent = parent.parent


def _names(node: LexborNode) -> Iterator[str]:
    attributes = node.attributes
    for key in ("itemprop", "property", "data-testid", "name"):
        value = attributes.get(key)
        if value and re.fullmatch(r"[\w:.-]+", value):
            yield f'[{key}="{value}"]'
    identifier = attributes.get("id")
    if identifier and _PLAIN_NAME.fullmatch(identifier) and not _GENERATED.search(identifier):
        yield f"#{identifier}"
    names = [n for n in (attributes.get("class") or "").split() if _PLAIN_NAME.fullmatch(n)]
    for name in sorted(names[:6], key=lambda n: ("price" not in n.lower(), len(n))):
        yield f".{name}"


def _by_script(document: Document, price: Decimal) -> Iterator[ValueRule]:
    for script in document.tree.css("script")[:100]:
        kind = (script.attributes.get("type") or "").lower()
        if "json" not in kind:
            continue
        identifier = script.attributes.get("id")
        css = f'script[id="{identifier}"]' if identifier else f'script[type="{kind}"]'
        for one in documents(script.text()):
            for path in _paths(one, price):
                yield ValueRule(json_path=path, json_script=css)


def _paths(value: Any, price: Decimal) -> Iterator[str]:
    stack: list[tuple[Any, str, int]] = [(value, "", 0)]
    count = 0
    while stack and count < _MAX_NODES:
        one, path, depth = stack.pop()
        count += 1
        if depth > _DEEPEST:
            continue
        if isinstance(one, dict):
            stack += [
                (v, f"{path}.{k}".lstrip("."), depth + 1) for k, v in one.items() if "." not in k
            ]
        elif isinstance(one, list):
            stack += [(v, f"{path}[{i}]", depth + 1) for i, v in enumerate(one[:50])]
        elif (
            path and not isinstance(one, bool) and "price" in path.lower() and _is(str(one), price)
        ):
            yield path
