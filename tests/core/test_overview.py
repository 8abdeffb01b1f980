"""The catalogue at a glance: every product is counted once, and staleness means something."""

import pytest

from pricemon.core.model import Known, Product, Status
from pricemon.core.overview import Overview, overview


def product(known: Known | None = None, **fields) -> Product:
    return Product(
        product_id="p", retailer="shop-a", url="https://shop-a.example/p", known=known, **fields
    )


def known(status: Status, observed_at: int = 1000, failures: int = 0) -> Known:
    return Known(observed_at=observed_at, status=status, failures=failures)


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        (product(), {"never": 1, "stale": 1}),
        (product(known(Status.OK)), {"ok": 1}),
        (product(known(Status.OK, observed_at=999)), {"ok": 1, "stale": 1}),
        (product(known(Status.HELD)), {"held": 1}),
        (product(known(Status.FAILED, failures=1)), {"failed": 1}),
        (product(known(Status.FAILED, 1, failures=3)), {"failed": 1, "paused": 1}),
        (product(known(Status.GONE, observed_at=1)), {"gone": 1}),
        (product(enabled=False), {"never": 1, "disabled": 1}),
        (product(known(Status.OK, observed_at=1), enabled=False), {"ok": 1, "disabled": 1}),
    ],
)
def test_each_product_is_counted(given, counts):
    """Only what is still asked for can be stale."""
    expected = Overview(products=1, **counts)
    assert overview([given], seen_after=1000, max_failures=3) == expected


def test_counts_add_up():
    """Every product has exactly one state."""
    many = [product(), product(known(Status.OK)), product(known(Status.OK))]
    total = overview(many, seen_after=0, max_failures=3)
    assert (total.products, total.never, total.ok, total.stale) == (3, 1, 2, 1)
