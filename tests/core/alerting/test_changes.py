"""What became of a product between two images of its row."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from pricemon.core.alerting.changes import detect, is_quiet, options_changed
from pricemon.core.model import Availability, Held, Known, Product, Status

IN, OUT = Availability.IN_STOCK, Availability.OUT_OF_STOCK
KNOWN = Known(observed_at=1, status=Status.OK, price=Decimal(100), currency="EUR", availability=IN)
PRODUCT = Product(product_id="p", retailer="s", url="https://s.test/p", known=KNOWN)


def then(**changes: Any) -> Product:
    return replace(PRODUCT, known=replace(KNOWN, observed_at=2, **changes))


def was(**changes: Any) -> Product:
    return replace(PRODUCT, known=replace(KNOWN, **changes))


NEW = replace(PRODUCT, known=None)


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (PRODUCT, then(), []),
        (PRODUCT, then(price=Decimal("100.00")), []),
        (PRODUCT, then(price=Decimal(90)), ["price_drop"]),
        (PRODUCT, then(price=Decimal(110)), ["price_rise"]),
        (NEW, then(), ["first_price"]),
        (None, then(), ["first_price"]),
        (NEW, then(price=None, currency=None, status=Status.FAILED), []),
        (was(price=None, currency=None, status=Status.FAILED), then(), ["first_price"]),
        (PRODUCT, then(currency="USD"), ["currency_change"]),
        (PRODUCT, then(currency="USD", price=Decimal(1)), ["currency_change"]),
        (PRODUCT, then(availability=OUT), ["out_of_stock"]),
        (was(availability=OUT), then(), ["back_in_stock"]),
        (was(availability=OUT), then(price=Decimal(90)), ["price_drop", "back_in_stock"]),
        (was(availability=None), then(), []),
        (PRODUCT, then(availability=None), []),
        (PRODUCT, then(status=Status.GONE), ["gone"]),
        (was(status=Status.GONE), then(), ["returned"]),
        (was(status=Status.GONE), then(price=Decimal(90)), ["price_drop", "returned"]),
        (was(status=Status.GONE), then(status=Status.GONE), []),
        (NEW, then(status=Status.GONE, price=None, currency=None), ["gone"]),
        (PRODUCT, then(status=Status.FAILED), []),
        (PRODUCT, replace(then(price=Decimal(90)), known=replace(KNOWN, price=Decimal(90))), []),
        (PRODUCT, NEW, []),
    ],
)  # fmt: skip
def test_kinds(before: Product | None, after: Product, kinds: list[str]) -> None:
    assert [kind.value for kind in detect(before, after)] == kinds


HELD = Held(price=Decimal(1), currency="EUR", availability=IN, held_at=2, why="a jump")


@pytest.mark.parametrize(
    ("before", "after", "quiet"),
    [
        (PRODUCT, then(), True),
        (PRODUCT, then(price=Decimal("100.00"), etag="x", failures=0, source="json-ld"), True),
        (PRODUCT, then(price=Decimal(90)), False),
        (PRODUCT, then(currency="USD"), False),
        (PRODUCT, then(availability=OUT), False),
        (PRODUCT, then(status=Status.HELD, held=HELD), False),
        (NEW, then(), False),
        (None, then(), False),
        (NEW, NEW, True),
        (PRODUCT, replace(then(), title="Better"), True),
        (PRODUCT, replace(then(), tags=("hot",)), False),
        (PRODUCT, replace(then(), overrides={"target_price": "90"}), False),
        (PRODUCT, replace(then(), group="g"), False),
    ],
)
def test_what_is_quiet(before: Product | None, after: Product, *, quiet: bool) -> None:
    assert is_quiet(before, after) is quiet


def test_edited_options_are_told_from_readings() -> None:
    assert options_changed(PRODUCT, replace(PRODUCT, tags=("hot",)))
    assert not options_changed(PRODUCT, then(price=Decimal(1)))
    assert not options_changed(None, PRODUCT)
