"""The estimate: every line grows with what it is made of, and the reference load has its price."""

from dataclasses import replace
from decimal import Decimal

import pytest

from pricemon.cloud.cost import Load, estimate

REFERENCE = Load(products=5300, shops=5, period=6 * 3600, batch_size=25, memory_mb=512)


def dollars(load: Load) -> dict[str, Decimal]:
    return {line.service: line.dollars for line in estimate(load)}


def test_the_reference_load_is_636_000_pages():
    """5,300 products, four times a day, thirty days."""
    assert REFERENCE.jobs == 636_000
    assert dollars(REFERENCE)["DynamoDB"] == Decimal("2.54")  # 636,000 x (6 writes + 2 reads)
    assert dollars(REFERENCE)["CloudWatch metrics"] == Decimal("12.30")


@pytest.mark.parametrize(
    ("change", "service"),
    [
        ({"products": 10_600}, "DynamoDB"),
        ({"period": 3 * 3600}, "SQS"),
        ({"memory_mb": 1024}, "Lambda"),
        ({"architecture": "x86_64"}, "Lambda"),
        ({"batch_size": 10}, "S3"),
        ({"shops": 6}, "CloudWatch metrics"),
        ({"alarms": 7}, "CloudWatch alarms"),
    ],
)
def test_more_costs_more(change, service):
    """And nothing else does that is not made of it."""
    assert dollars(replace(REFERENCE, **change))[service] > dollars(REFERENCE)[service]


def test_options_have_their_price():
    """A dashboard adds a line, no backups take from one."""
    assert dollars(replace(REFERENCE, dashboard=True))["CloudWatch dashboard"] == 3
    spared = replace(REFERENCE, backups=False)
    assert dollars(spared)["DynamoDB storage"] < dollars(REFERENCE)["DynamoDB storage"]
