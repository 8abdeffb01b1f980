"""A retailer's own rule: one value by CSS, regular expression or JSON path.

A rule is the user's word on where the price stands, so what it finds goes before everything else,
and a rule that finds nothing is a refusal, never a reason to look elsewhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from selectolax.lexbor import SelectolaxError

from pricemon.core.extraction import lenient_json
from pricemon.core.extraction.document import Document, text_of
from pricemon.core.model import Candidate, Reading, Reason
from pricemon.core.money import find_money, parse_machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pricemon.core.settings import ExtractRule, ValueRule

MAX_REGEX_TEXT = 1_000_000
"""A user's pattern runs over this much of a page at most."""

MAX_REGEX_SECONDS = 0.5
"""And this long: the standard library's engine has no such bound, and `(a+)+$` no other end."""

_STEP = re.compile(r"([^.\[\]]+)|\[(-?\d+|\*)\]")


class BrokenRuleError(ValueError):
    """The rule itself is at fault: bad CSS, a bad pattern."""


def value(rule: ValueRule, document: Document) -> str | None:
    """The value that `rule` points at, as text, or None. Raises `BrokenRuleError`."""
    if rule.css:
        return _by_css(rule.css, rule.attribute, document)
    if rule.regex:
        return _by_regex(rule.regex, document)
    if rule.json_path:
        return _by_json(rule.json_path, rule.json_script, document)
    return None


def read(
    document: Document, rule: ExtractRule, evidence: Sequence[str], configured: str | None
) -> Reading:
    """The price that `rule` points at. `configured` is the currency of an amount without a sign."""
    text = value(rule.price, document) if rule.price else None
    if text is None:
        return Reading(reason=Reason.NO_PRICE, detail="the rule found nothing")
    found = [one for one in find_money(text, evidence=evidence) if one.amount > 0]
    machine = parse_machine(text, currency=configured)
    amounts = {one.amount for one in found}
    if machine is not None and machine.amount > 0:
        amount = machine.amount
    elif len(amounts) == 1:
        amount = amounts.pop()
    else:
        reason = Reason.AMBIGUOUS if amounts else Reason.NO_PRICE
        return Reading(reason=reason, detail=f"the rule found {text[:60]!r}")
    code = next((one.currency for one in found if one.currency), None) or configured
    return Reading(
        price=amount,
        currency=code,
        source="rule",
        reason=None if code else Reason.NO_CURRENCY,
        detail="" if code else f"{amount} in an unnamed currency",
        candidates=(
            Candidate(
                price=amount, currency=code, source="rule", where="the retailer's rule",
                text=text[:80], verdict="chosen",
            ),
        ),
    )  # fmt: skip


def _by_css(selector: str, attribute: str | None, document: Document) -> str | None:
    try:
        nodes = document.tree.css(selector)
    except SelectolaxError as error:
        raise BrokenRuleError(f"the CSS selector {selector!r} cannot be read") from error
    for node in nodes:
        found = node.attributes.get(attribute) if attribute else text_of(node)
        if found and found.strip():
            return found.strip()
    return None


def _by_regex(pattern: str, document: Document) -> str | None:
    import regex

    try:
        compiled = regex.compile(pattern, regex.DOTALL)
        found = compiled.search(document.text[:MAX_REGEX_TEXT], timeout=MAX_REGEX_SECONDS)
    except (regex.error, RecursionError) as error:
        raise BrokenRuleError(f"the pattern {pattern!r} cannot be read: {error}") from error
    except TimeoutError as error:
        detail = f"the pattern {pattern!r} took more than {MAX_REGEX_SECONDS} seconds"
        raise BrokenRuleError(detail) from error
    if found is None:
        return None
    if "value" in compiled.groupindex:
        return found["value"]
    return found[1] if compiled.groups else found[0]


def _by_json(path: str, script: str | None, document: Document) -> str | None:
    if script:
        try:
            texts = [node.text() for node in document.tree.css(script)[:20]]
        except SelectolaxError as error:
            raise BrokenRuleError(f"the CSS selector {script!r} cannot be read") from error
    else:
        texts = [document.text]
    for text in texts:
        for one in lenient_json.documents(text):
            found = follow(one, path)
            if found not in (None, "") and not isinstance(found, (dict, list, bool)):
                return str(found)
    return None


def follow(value: Any, path: str) -> Any:
    """The value at a dotted path (`offers[0].price`, `variants[*].price`), or None."""
    for name, index in _STEP.findall(path.removeprefix("$").removeprefix(".")):
        if name:
            value = value.get(name) if isinstance(value, dict) else None
        elif isinstance(value, list):
            position = 0 if index == "*" else int(index)
            value = value[position] if -len(value) <= position < len(value) else None
        else:
            return None
    return value
