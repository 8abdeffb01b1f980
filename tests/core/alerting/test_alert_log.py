"""The partitions and keys of stored alerts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pricemon.core.alerting.alert_log import AlertLog, last_of, unique_time
from pricemon.core.dynamo import Rows
from pricemon.core.model import Alert, AlertKind
from tests.core.table_kit import create_table

IDS = [f"{n:032x}" for n in range(3)]
ALERT = Alert(
    alert_id=IDS[0],
    kind=AlertKind.BELOW,
    product_id="p",
    retailer="s",
    url="https://s.test/p",
    title=None,
    currency="EUR",
    new_price=Decimal("1.5"),
    old_price=None,
    reference_price=None,
    change_percent=None,
    observed_at=0,
)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        client = boto3.Session("testing", "testing", region_name="eu-central-1").client("dynamodb")
        create_table(client, "t")
        yield client


def test_what_was_put_comes_back_newest_first_over_months_and_years(client: Any) -> None:
    log = AlertLog(Rows(client, "t"))
    times = ["2024-11-30T23:59:59.999Z", "2024-12-01T00:00Z", "2024-12-31T12:00Z", "2025-02-01Z"]
    at = [ms(text.replace("01Z", "01T00:00Z")) for text in times]
    for number, moment in enumerate(at):
        log.put(replace(ALERT, alert_id=f"{number:032x}", observed_at=moment))
    found = log.between(at[0], at[3])
    assert [alert.observed_at for alert in found] == at[::-1]
    assert [alert.observed_at for alert in log.between(at[0] + 1, at[3] - 1)] == [at[2], at[1]]


def test_alerts_of_one_moment_do_not_collide_and_one_alert_is_one_row(client: Any) -> None:
    log = AlertLog(Rows(client, "t"))
    for alert_id in [*IDS, *IDS]:
        log.put(replace(ALERT, alert_id=alert_id, observed_at=1000))
    assert sorted(alert.alert_id for alert in log.between(1000, 1000)) == IDS
    assert list(log.between(1001, 2000)) == []


def test_expired_rows_are_left_out_before_they_are_deleted(client: Any) -> None:
    log = AlertLog(Rows(client, "t"), keep_days=1)
    log.put(replace(ALERT, observed_at=1000))
    assert list(log.between(0, 2000)) == []


def test_rows_stay_out_of_the_index(client: Any) -> None:
    AlertLog(Rows(client, "t")).put(ALERT)
    (row,) = client.scan(TableName="t")["Items"]
    assert "retailer" not in row
    assert row["product_id"] == {"S": "#alerts#1970-01"}


def test_a_sort_key_is_a_number_that_dynamodb_keeps_exactly() -> None:
    key = unique_time(1_732_233_600_000, "f" * 64)
    assert len(key.replace(".", "")) <= 38
    assert 1_732_233_600_000 <= Decimal(key) <= Decimal(last_of(1_732_233_600_000))
    assert Decimal(last_of(1_732_233_600_000)) < 1_732_233_600_001
