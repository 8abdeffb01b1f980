"""How a comparison of offers looks: a table, the spread, and their histories drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from pricemon.cli import history_view, render
from pricemon.core.alerting.wording import change, money, plain_money

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from rich.console import RenderableType

    from pricemon.cli.history_view import History
    from pricemon.core.comparison import Comparison, Offer


def document(group: str, found: Comparison, histories: Sequence[History]) -> dict[str, Any]:
    """The comparison as JSON."""
    return {
        "group": group,
        "offers": [
            {
                "product_id": offer.product.product_id,
                "retailer": offer.product.retailer,
                "url": offer.product.url,
                "price": _plain(offer.price, offer.currency),
                "currency": offer.currency,
                "availability": offer.product.known and offer.product.known.availability,
                "observed_at": offer.product.known and offer.product.known.observed_at,
                "buyable": offer.buyable,
                "best": offer.best,
                "above_best_percent": offer.above_best,
                "lowest": _plain(one.statistics.lowest, one.statistics.currency)
                if one.statistics
                else None,
            }
            for offer, one in zip(found.offers, histories, strict=True)
        ],
        "spreads": [
            {
                "currency": spread.currency,
                "offers": spread.offers,
                "lowest": plain_money(spread.lowest, spread.currency),
                "highest": plain_money(spread.highest, spread.currency),
                "percent": spread.percent,
            }
            for spread in found.spreads
        ],
    }


def human(found: Comparison, histories: Sequence[History]) -> RenderableType:
    """The comparison for a person."""
    rows = [
        (
            "best" if offer.best else "",
            offer.product.retailer,
            _money(offer.price, offer.currency),
            change(offer.above_best, places=1) if offer.above_best else "",
            _availability(offer),
            _lowest(one),
            render.when(offer.product.known.observed_at) if offer.product.known else "",
            offer.product.product_id,
        )
        for offer, one in zip(found.offers, histories, strict=True)
    ]
    columns = ("", "retailer", "price", "above", "availability", "lowest", "read", "product")
    table = render.table(columns, rows, right=("price", "above", "lowest"))
    spreads = [
        Text(
            f"{spread.offers} to be bought from {money(spread.lowest, spread.currency)} to "
            f"{money(spread.highest, spread.currency)}"
            + (f", {change(spread.percent, places=1)}" if spread.percent else "")
        )
        for spread in found.spreads
    ]
    return Group(table, Text(), *spreads, Text(), *_charts(histories))


def _charts(histories: Sequence[History]) -> Iterator[Text]:
    """One chart for each currency: lines of two on one axis would compare what can't be."""
    by_currency: dict[str, list[History]] = {}
    for one in histories:
        if one.statistics:
            by_currency.setdefault(one.statistics.currency, []).append(one)
    for currency, those in by_currency.items():
        if len(by_currency) > 1:
            yield Text(currency, style="bold")
        yield history_view.side_by_side(those)


def _money(price: Decimal | None, currency: str | None) -> str:
    return money(price, currency) if price is not None and currency else ""


def _plain(price: Decimal | None, currency: str | None) -> str | None:
    return plain_money(price, currency) if price is not None and currency else None


def _availability(offer: Offer) -> str:
    known = offer.product.known
    return (known.availability or "not said") if known else "not read"


def _lowest(one: History) -> str:
    return money(one.statistics.lowest, one.statistics.currency) if one.statistics else ""
