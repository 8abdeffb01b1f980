"""The stream processor's entry point: what it answers, and when it raises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from lambda_src.stream_processor import handler
from lambda_src.stream_processor.processor import Unhandled
from lambda_src.stream_processor.publisher import BATCH_BYTES, _batches
from pricemon.core import alerts
from pricemon.core.model import Alert, AlertKind
from pricemon.core.settings import AlertRules
from tests.lambda_src.processor_kit import HOUR, SETTINGS, Spy, Stack, build, sequence


@pytest.fixture
def stack() -> Iterator[Stack]:
    with mock_aws():
        yield build()


class Lambda:
    """The context that Lambda gives a function."""

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def run(
    monkeypatch: pytest.MonkeyPatch, stack: Stack, event: dict[str, Any], **clients: Any
) -> dict[str, Any]:
    worker = stack.worker(**clients)
    monkeypatch.setattr(handler, "_processor", lambda: worker)
    return handler.handler(event, Lambda())


def offline(stack: Stack) -> Spy:
    problem = EndpointConnectionError(endpoint_url="https://sns")
    return Spy(stack.sns, before={("publish_batch", n): problem for n in range(1, 99)})


def test_a_batch_that_is_done(monkeypatch: pytest.MonkeyPatch, stack: Stack) -> None:
    event = {"Records": sequence(["100", "80"])}
    assert run(monkeypatch, stack, event) == {"batchItemFailures": []}
    assert len(stack.delivered()) == 1
    assert run(monkeypatch, stack, {}) == {"batchItemFailures": []}


def test_what_is_left_is_reported(monkeypatch: pytest.MonkeyPatch, stack: Stack) -> None:
    records = sequence(["100", "80"])
    answer = run(monkeypatch, stack, {"Records": records}, sns=offline(stack))
    number = records[1]["dynamodb"]["SequenceNumber"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": number}]}


def test_where_reports_are_not_heard_the_batch_fails(
    monkeypatch: pytest.MonkeyPatch, stack: Stack
) -> None:
    stack.wiring = replace(stack.wiring, stream_failures="raise")
    bad = sequence(["1"], "bad")
    bad[0]["dynamodb"]["NewImage"]["price"] = {"N": "x"}
    event = {"Records": [*bad, *sequence(["100", "80"])]}
    with pytest.raises(Unhandled, match="1 records must be delivered again"):
        run(monkeypatch, stack, event, sns=offline(stack))
    assert stack.rejected() == [], "the whole batch comes again, and with it the poison"
    assert run(monkeypatch, stack, event) == {"batchItemFailures": []}
    assert len(stack.rejected()) == 1
    assert len(stack.delivered()) == 1


def test_what_is_due_can_be_asked_for(monkeypatch: pytest.MonkeyPatch, stack: Stack) -> None:
    rules = AlertRules(drop_percent=Decimal(10), quiet_hours="00:00-06:00")
    stack.settings = replace(SETTINGS, alerts=rules)
    run(monkeypatch, stack, {"Records": sequence(["100", "80"])})
    stack.now += 6 * HOUR
    event = {"action": "deliver_due"}
    assert run(monkeypatch, stack, event) == {"delivered": 1}
    assert run(monkeypatch, stack, event) == {"delivered": 0}


def test_a_filter_policy_takes_any_of_an_alert_s_kinds(stack: Stack) -> None:
    (subscription,) = stack.sns.list_subscriptions()["Subscriptions"]
    stack.settings = replace(
        SETTINGS, alerts=AlertRules(drop_percent=Decimal(10), below=Decimal(85))
    )
    for number, policy in enumerate(['{"kind":["drop_percent"]}', '{"kind":["below"]}']):
        stack.sns.set_subscription_attributes(
            SubscriptionArn=subscription["SubscriptionArn"],
            AttributeName="FilterPolicy",
            AttributeValue=policy,
        )
        stack.process(sequence(["100", "80"], f"p{number}"))
        assert len(stack.delivered()) == 1


def test_batches_keep_to_ten_entries_and_to_the_bytes_of_a_request() -> None:
    alert = Alert(
        alert_id="0",
        kind=AlertKind.BELOW,
        product_id="p",
        retailer="s",
        url="https://s.test/p",
        title=None,
        currency="EUR",
        new_price=Decimal(1),
        old_price=None,
        reference_price=None,
        change_percent=None,
        observed_at=0,
    )
    small = [alerts.message(replace(alert, alert_id=f"{n:x}")) for n in range(25)]
    assert [len(batch) for batch in _batches(small)] == [10, 10, 5]
    large = [replace(message, body="é" * 50_000) for message in small[:5]]
    sizes = [sum(len(m.body.encode()) for m in batch) for batch in _batches(large)]
    assert sum(sizes) == 500_000
    assert max(sizes) <= BATCH_BYTES
    huge = replace(small[0], body="x" * 300_000)
    assert [len(batch) for batch in _batches([huge, small[1]])] == [1, 1], "SNS has the last word"
