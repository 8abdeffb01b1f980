"""How a reading looks to a person: the answer, and with `--explain` how it came about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.text import Text

from pricemon.cli import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from pricemon.core.extraction.suggest import Suggestion
    from pricemon.core.model import Reading


def reading(found: Reading, *, explain: bool) -> RenderableType:
    """The reading; with `explain` every candidate, where it stood, and why it won or lost."""
    amount = f"{found.price} {found.currency or '?'}" if found.price is not None else "no price"
    lines = [f"[bold]{escape(amount)}[/]"]
    facts = {
        "reason": found.reason and f"{found.reason}: {found.detail}",
        "availability": found.availability,
        "list price": found.list_price,
        "source": found.source,
        "title": found.title,
    }
    lines += [f"{name}: {escape(str(value))}" for name, value in facts.items() if value]
    answer = Text.from_markup("\n".join(lines))
    if not explain:
        return answer
    rows = [
        (c.source, c.price, c.currency or "", c.text, c.where, c.verdict) for c in found.candidates
    ]
    columns = ("source", "price", "", "as printed", "where", "verdict")
    return Group(answer, Text(), render.table(columns, rows, right=("price",)))


def suggestions(found: Sequence[Suggestion]) -> RenderableType | str:
    """Rules to paste into a retailer's config, the most stable first."""
    if not found:
        return "no element, attribute or JSON value of the page holds that price"
    lines = ["# the most stable first; paste one under the retailer", "rule:"]
    for index, one in enumerate(found):
        mark = "" if index == 0 else "# "
        lines.append(f"  {mark}price: {one.yaml}   # finds {one.finds!r}")
    return escape("\n".join(lines))
