"""The stream processor, from a batch of records to what subscribers, table and queues then hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from lambda_src.stream_processor import publisher
from pricemon.core import items
from pricemon.core.alerting.alert_log import AlertLog
from pricemon.core.model import AlertState, Availability, Status
from pricemon.core.settings import AlertRules, RetailerSettings
from tests.lambda_src.processor_kit import (
    HOUR,
    NOW,
    SETTINGS,
    TABLE,
    Spy,
    Stack,
    build,
    product,
    reading,
    record,
    sequence,
)

DAY = 24 * HOUR


@pytest.fixture
def stack() -> Iterator[Stack]:
    with mock_aws():
        yield build()


def rules(stack: Stack, **changes: Any) -> None:
    stack.settings = replace(SETTINGS, alerts=AlertRules(drop_percent=Decimal(10), **changes))


def test_a_drop_of_ten_percent_is_told_once(stack: Stack) -> None:
    assert stack.process(sequence(["100", "89.90"])) == []
    (alert,) = stack.delivered()
    assert alert["kind"] == "drop_percent"
    assert (alert["reference_price"], alert["new_price"]) == ("100.00", "89.90")
    stack.process(sequence(["100", "89.90"]))
    assert stack.delivered() == []


def test_only_the_table_s_records_in_which_nothing_changed_cost_no_call(stack: Stack) -> None:
    quiet = [record for n in range(200) for record in sequence(["5", "5"], f"p{n}")[1:]]
    calls = Spy.calls(stack, quiet)
    assert [call for call in calls if call != "dynamodb.query"] == []
    assert calls.count("dynamodb.query") <= 1, "the look at what was deferred, once a minute"


def test_first_prices_read_the_states_at_once_and_write_nothing(stack: Stack) -> None:
    first = [record for n in range(150) for record in sequence(["5"], f"p{n}")]
    calls = [call for call in Spy.calls(stack, first) if call != "dynamodb.query"]
    assert calls == ["dynamodb.batch_get_item"] * 2


def test_history_is_read_for_an_alert_only(stack: Stack) -> None:
    calls = Spy.calls(stack, sequence(["100", "95"]))
    assert calls.count("dynamodb.query") <= 1
    calls = Spy.calls(stack, sequence(["100", "50"], "p2"))
    assert calls.count("dynamodb.query") <= 2


def test_one_product_s_records_in_one_batch_are_told_in_order(stack: Stack) -> None:
    stack.process(sequence(["100", "85", "99", "70", "60"]))
    told = [(alert["reference_price"], alert["new_price"]) for alert in stack.delivered()]
    assert told == [("100.00", "85.00"), ("99.00", "70.00"), ("70.00", "60.00")]


def test_records_of_many_products_interleaved_keep_each_product_s_order(stack: Stack) -> None:
    lanes = [sequence(["100", "80", "60"], f"p{n}") for n in range(25)]
    stack.process([lane[place] for place in range(3) for lane in lanes])
    by_product: dict[str, list[str]] = {}
    for alert in stack.delivered():
        by_product.setdefault(alert["product_id"], []).append(alert["new_price"])
    assert by_product == {f"p{n}": ["80.00", "60.00"] for n in range(25)}


def test_a_batch_in_any_cut_gives_the_same_alerts(stack: Stack) -> None:
    prices = ["100", "95", "89", "95", "84", "84", "70", "99", "60"]
    records = sequence(prices)
    for one in records:
        stack.process([one])
    singly = stack.delivered()
    stack.process(sequence(prices, "p2"))
    together = stack.delivered()
    assert [a["new_price"] for a in singly] == [a["new_price"] for a in together]
    assert len(singly) == 4


def test_the_alert_is_kept_as_a_fact(stack: Stack) -> None:
    stack.process(sequence(["100", "80"]))
    (kept,) = AlertLog(stack.table.rows).between(NOW, NOW + DAY)
    assert kept.alert_id == stack.delivered()[0]["alert_id"]
    assert kept.alert_id == stack.state().last_alert_id  # type: ignore[union-attr]


def test_the_alert_states_the_history(stack: Stack) -> None:
    now = NOW + 2 * HOUR
    stack.put_history(
        "p1",
        {now - 200 * DAY: "75", now - 100 * DAY: "79", now - 90 * DAY: "110", now - HOUR: "100"},
    )
    stack.process(sequence(["100", "80"]))
    (alert,) = stack.delivered()
    assert alert["lowest_price"] == "75.00"
    assert alert["lowest_since"] == now - 90 * DAY
    assert alert["prior_low_30d"] == "100.00"
    assert alert["history_since"] == now - 200 * DAY


def test_an_unreadable_row_of_history_does_not_silence_the_alert(stack: Stack) -> None:
    row = items.key("p1", NOW - HOUR) | {"price": {"S": "not a number"}}
    stack.dynamodb.put_item(TableName=TABLE, Item=row)
    assert stack.process(sequence(["100", "80"])) == []
    assert stack.delivered()[0]["lowest_price"] is None


def test_the_attributes_serve_filter_policies(stack: Stack) -> None:
    stack.settings = replace(
        SETTINGS, alerts=AlertRules(drop_percent=Decimal(10), below=Decimal(85))
    )
    stack.process(sequence(["100", "80"], tags=("audio", "sale")))
    (notification,) = stack.notifications()
    attributes = {k: (v["Type"], v["Value"]) for k, v in notification["MessageAttributes"].items()}
    assert attributes == {
        "kind": ("String.Array", '["below", "drop_percent"]'),
        "retailer": ("String", "shop-a"),
        "product_id": ("String", "p1"),
        "change_percent": ("Number", "-20.00"),
        "tags": ("String.Array", '["audio", "sale"]'),
    }


# Bad records


def without(image: str) -> Callable[[dict[str, Any]], None]:
    return lambda bad: bad["dynamodb"].pop(image)


def setting(path: tuple[str, ...], value: Any) -> Callable[[dict[str, Any]], None]:
    def spoil(bad: dict[str, Any]) -> None:
        inner = bad
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = value

    return spoil


def no_images(bad: dict[str, Any]) -> None:
    bad["dynamodb"] = {k: v for k, v in bad["dynamodb"].items() if "Image" not in k}


POISON = {
    "no images": no_images,
    "no keys": without("Keys"),
    "a malformed number": setting(("dynamodb", "NewImage", "price"), {"N": "12,50"}),
    "not a number": setting(("dynamodb", "NewImage", "price"), {"N": "NaN"}),
    "a number of another type": setting(("dynamodb", "NewImage", "price"), {"S": "12"}),
    "an unknown status": setting(("dynamodb", "NewImage", "status"), {"S": "levitating"}),
    "an image of another type": setting(("dynamodb", "NewImage"), "text"),
    "a key of another type": setting(("dynamodb", "Keys"), ["p1", 0]),
    "no retailer": setting(("dynamodb", "NewImage", "retailer"), {"NULL": True}),
    "a rule that is none": setting(
        ("dynamodb", "NewImage", "overrides"),
        {"M": {"alerts": {"M": {"drop_percent": {"S": "much"}}}}},
    ),
    "an unknown rule": setting(
        ("dynamodb", "NewImage", "overrides"), {"M": {"alerts": {"M": {"luck": {"BOOL": True}}}}}
    ),
    "an infinite target": setting(
        ("dynamodb", "NewImage", "overrides"), {"M": {"target_price": {"S": "Infinity"}}}
    ),
}


@pytest.mark.parametrize("spoil", POISON.values(), ids=POISON.keys())
def test_poison_goes_to_the_queue_alone_and_can_be_replayed(
    stack: Stack, spoil: Callable[[dict[str, Any]], None]
) -> None:
    (_, bad), good = sequence(["100", "80"], "bad"), sequence(["100", "80"], "good")
    spoil(bad)
    assert stack.process([good[0], bad, good[1]]) == []
    assert [alert["product_id"] for alert in stack.delivered()] == ["good"]
    (rejected,) = stack.rejected()
    assert rejected["record"] == json.loads(json.dumps(bad))
    assert rejected["reason"] == "bad_message"
    assert rejected["detail"]


def test_poison_tells_its_product_and_reason_as_a_dead_letter_does(stack: Stack) -> None:
    (bad,) = sequence(["80"])
    bad["dynamodb"]["NewImage"]["price"] = {"N": "x"}
    stack.process([bad])
    (message,) = stack.sqs.receive_message(
        QueueUrl=stack.wiring.on_failure_url, MessageAttributeNames=["All"]
    )["Messages"]
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert told["product_id"] == "p1"
    assert told["retailer"] == "shop-a"
    assert told["reason"] == "bad_message"
    assert "price" in told["detail"]


def test_the_same_product_goes_on_after_its_poison(stack: Stack) -> None:
    first, bad, last = sequence(["100", "95", "80"])
    bad["dynamodb"]["NewImage"]["price"] = {"N": "x"}
    assert stack.process([first, bad, last]) == []
    assert [alert["new_price"] for alert in stack.delivered()] == ["80.00"]


def test_an_unreadable_state_sets_its_product_aside_and_no_other(stack: Stack) -> None:
    row = items.key("bad", -1) | {"reference_price": {"S": "much"}}
    stack.dynamodb.put_item(TableName=TABLE, Item=row)
    assert stack.process([*sequence(["100", "80"], "bad"), *sequence(["100", "80"], "good")]) == []
    assert [alert["product_id"] for alert in stack.delivered()] == ["good"]
    assert len(stack.rejected()) == 2


def test_rows_of_other_kinds_are_none_of_its_business(stack: Stack) -> None:
    def row(product_id: str, timestamp: int, **values: Any) -> dict[str, Any]:
        image = items.key(product_id, timestamp) | {"anything": {"S": "?"}}
        return {
            "eventName": "MODIFY",
            "dynamodb": {
                "Keys": items.key(product_id, timestamp),
                "NewImage": image,
                "OldImage": image,
                "SequenceNumber": "1",
            },
        }

    removed = record(product(known=reading("100", NOW)), None, 5)
    foreign = [row("p1", -1), row("p1", NOW), row("#runs", NOW), row("#group#x", 0), removed]
    assert Spy.calls(stack, foreign) in ([], ["dynamodb.query"])
    assert stack.rejected() == []


def test_unknown_attributes_and_rows_of_an_older_version_are_understood(stack: Stack) -> None:
    records = sequence(["100", "80"])
    for one in records:
        for image in ("OldImage", "NewImage"):
            if held := one["dynamodb"].get(image):
                held["invented_later"] = {"M": {"x": {"BS": ["AA=="]}}}
                held.pop("price_since", None)
    assert stack.process(records) == []
    assert len(stack.delivered()) == 1
    assert stack.rejected() == []


def test_a_record_too_large_for_the_queue_leaves_its_keys(stack: Stack) -> None:
    (bad,) = sequence(["80"], title="x" * 300_000)
    bad["dynamodb"]["NewImage"]["price"] = {"N": "x"}
    stack.process([bad])
    (rejected,) = stack.rejected()
    assert rejected["record"]["dynamodb"]["Keys"] == items.key("p1", 0)
    assert rejected["images"] == "too large"


# Trouble on the way


def error(code: str, status: int = 400, operation: str = "PublishBatch") -> ClientError:
    response = {
        "Error": {"Code": code, "Message": f"{code} happened"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, operation)


@pytest.mark.parametrize(
    "problem",
    [
        error("Throttled"),
        error("ThrottlingException"),
        error("InternalError", 500),
        error("Whatever", 503),
        EndpointConnectionError(endpoint_url="https://sns"),
    ],
    ids=["throttled", "throttling", "internal", "503", "connection"],
)
def test_a_passing_trouble_of_sns_is_waited_out(stack: Stack, problem: Exception) -> None:
    sns = Spy(stack.sns, before={("publish_batch", n): problem for n in (1, 2)})
    assert stack.process(sequence(["100", "80"]), sns=sns) == []
    assert len(stack.delivered()) == 1
    assert len(stack.slept) == 2


def test_what_sns_keeps_refusing_is_delivered_again_and_blocks_no_other(stack: Stack) -> None:
    class Half(Spy):
        def publish_batch(self, **arguments: Any) -> Any:
            entries = arguments["PublishBatchRequestEntries"]
            bad = [e for e in entries if '\\"product_id\\": \\"bad\\"' in e["Message"]]
            good = [e for e in entries if e not in bad]
            reply: dict[str, Any] = {"Successful": []}
            if good:
                reply = self.client.publish_batch(
                    TopicArn=arguments["TopicArn"], PublishBatchRequestEntries=good
                )
            failed = [{"Id": e["Id"], "Code": "Throttled", "SenderFault": False} for e in bad]
            return {**reply, "Failed": failed}

    bad, good = sequence(["100", "80"], "bad"), sequence(["100", "80"], "good", start=10)
    failed = stack.process([*bad, *good], sns=Half(stack.sns))
    assert failed == [bad[1]["dynamodb"]["SequenceNumber"]]
    assert [alert["product_id"] for alert in stack.delivered()] == ["good"]
    assert stack.process([bad[1], *good]) == []
    assert [alert["product_id"] for alert in stack.delivered()] == ["bad"]


def test_a_denied_publish_is_not_repeated_in_vain(stack: Stack) -> None:
    sns = Spy(stack.sns, before={("publish_batch", 1): error("AuthorizationError", 403)})
    records = sequence(["100", "80"])
    assert stack.process(records, sns=sns) == [records[1]["dynamodb"]["SequenceNumber"]]
    assert stack.slept == []


def test_no_waiting_beyond_the_time_that_is_left(stack: Stack) -> None:
    sns = Spy(stack.sns, before={("publish_batch", n): error("Throttled") for n in range(1, 20)})
    left = iter([20.0, 20.0, *[publisher.RESERVE] * 50])
    records = sequence(["100", "80"])
    failed = stack.worker(sns=sns).process(records, lambda: next(left))
    assert failed == [records[1]["dynamodb"]["SequenceNumber"]]
    assert len(stack.slept) <= 1


def test_out_of_time_leaves_the_rest_to_the_next_delivery(stack: Stack) -> None:
    records = sequence(["100", "80", "60"])
    left = iter([30.0, 1.0, 1.0, 1.0])
    assert stack.worker().process(records, lambda: next(left)) == [
        records[2]["dynamodb"]["SequenceNumber"]
    ]
    assert [alert["new_price"] for alert in stack.delivered()] == ["80.00"]
    assert stack.process(records) == []
    assert [alert["new_price"] for alert in stack.delivered()] == ["60.00"]


def test_a_batch_that_outlives_its_time_has_come_further(stack: Stack) -> None:
    """Otherwise a batch with many alerts would time out again and again."""
    records = [r for n in range(45) for r in sequence(["100", "80"], f"p{n:02}", start=2 * n)]
    left = iter([30.0, 30.0, *[1.0] * 10])
    failed = stack.worker().process(records, lambda: next(left))
    assert [alert["product_id"] for alert in stack.delivered()] == [f"p{n:02}" for n in range(40)]
    assert failed[0] == records[80]["dynamodb"]["SequenceNumber"]
    assert stack.process(records) == []
    assert [alert["product_id"] for alert in stack.delivered()] == [f"p{n}" for n in range(40, 45)]


def test_a_subject_that_sns_dislikes_is_sent_in_ascii(stack: Stack) -> None:
    class Old(Spy):
        def publish_batch(self, **arguments: Any) -> Any:
            entries = arguments["PublishBatchRequestEntries"]
            if all(entry["Subject"].isascii() for entry in entries):
                return self.client.publish_batch(**arguments)
            bad = {
                "Code": "InvalidParameter",
                "Message": "Invalid parameter: Subject",
                "SenderFault": True,
            }
            return {"Successful": [], "Failed": [{"Id": entry["Id"], **bad} for entry in entries]}

    assert stack.process(sequence(["100", "80"]), sns=Old(stack.sns)) == []
    (notification,) = stack.notifications()
    assert notification["Subject"].startswith("-20 % - Sony WH-1000XM5 - 100.00 > 80.00 EUR")


def test_what_sns_refuses_for_good_is_set_aside(stack: Stack) -> None:
    class Never(Spy):
        def publish_batch(self, **arguments: Any) -> Any:
            entries = arguments["PublishBatchRequestEntries"]
            bad = {"Code": "InvalidParameter", "Message": "too long", "SenderFault": True}
            return {"Successful": [], "Failed": [{"Id": entry["Id"], **bad} for entry in entries]}

    assert stack.process(sequence(["100", "80"]), sns=Never(stack.sns)) == []
    (rejected,) = stack.rejected()
    assert "too long" in rejected["detail"]
    assert stack.process(sequence(["100", "80"])[1:]) == [], "the record can be replayed"
    assert len(stack.delivered()) == 1


def test_another_worker_s_state_is_not_overwritten(stack: Stack) -> None:
    records = sequence(["100", "95", "80"])
    stack.process(records[:2])
    other = AlertState(
        reference_price=Decimal(80), currency="EUR", processed_at=NOW + 3 * HOUR, last_alert_id="x"
    )

    class Late(Spy):
        def put_item(self, **arguments: Any) -> Any:
            if arguments["Item"]["timestamp"]["N"] == "-1":
                state = items.alert_state_item("p1", other)
                self.client.put_item(TableName=TABLE, Item=state)
            return self.client.put_item(**arguments)

    failed = stack.process(records[2:], dynamodb=Late(stack.dynamodb))
    assert failed == [records[2]["dynamodb"]["SequenceNumber"]]
    assert stack.state() == other
    assert stack.process(records[2:]) == []


def test_poison_is_put_away_once_though_a_neighbour_is_delivered_again(stack: Stack) -> None:
    bad = sequence(["1"], "bad", start=5)
    bad[0]["dynamodb"]["NewImage"]["price"] = {"N": "x"}
    records = [*sequence(["100", "80"]), *bad]
    sns = Spy(stack.sns, before={("publish_batch", 1): error("AuthorizationError", 403)})
    assert stack.process(records, sns=sns) == [records[1]["dynamodb"]["SequenceNumber"]]
    assert stack.rejected() == []
    assert stack.process(records[1:]) == []
    assert len(stack.rejected()) == 1


def test_poison_that_cannot_be_put_away_is_delivered_again(stack: Stack) -> None:
    (bad,) = sequence(["1"])
    bad["dynamodb"]["NewImage"]["price"] = {"N": "x"}
    sqs = Spy(stack.sqs, before={("send_message", 1): error("AccessDenied", 403, "SendMessage")})
    assert stack.process([bad], sqs=sqs) == [bad["dynamodb"]["SequenceNumber"]]
    assert stack.process([bad]) == []
    assert len(stack.rejected()) == 1


# A crash before or after each call


class Crash(BaseException):
    """The worker is gone."""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_call_loses_no_alert(stack: Stack, when: str) -> None:
    """Doubled are only alerts whose crash fell between publish and mark; each keeps its id."""
    rules(stack, back_in_stock=True)
    doubled: set[str] = set()
    for number in range(100):
        product_id = f"p{number}"
        records = [
            *sequence(["100", "97", "85", "99", "70"], product_id),
            *sequence(["10", "5"], f"{product_id}-b", start=20),
        ]
        bad = sequence(["1"], f"{product_id}-bad", start=40)
        bad[0]["dynamodb"]["NewImage"]["price"] = {"N": "x"}
        records += bad
        counter = Spy.counter(at=number + 1, when=when, crash=Crash())
        try:
            stack.process(records, **counter.clients(stack))
            crashed = False
        except Crash:
            crashed = True
            while stack.process(records):
                pass
        told = [(a["product_id"], a["new_price"], a["alert_id"]) for a in stack.delivered()]
        distinct = list(dict.fromkeys(told))
        assert sorted(price for _, price, _ in distinct) == ["5.00", "70.00", "85.00"]
        assert [p for i, p, _ in distinct if i == product_id] == ["85.00", "70.00"]
        assert len(stack.rejected()) in (1, 2)
        if len(told) > len(distinct):
            doubled.add(counter.calls[-1])
        if not crashed:
            assert number > 8, "every call was reached"
            break
    else:
        pytest.fail("more calls than expected")
    expected = {
        "before": {"dynamodb.put_item"},
        "after": {"sns.publish_batch", "dynamodb.put_item"},
    }
    assert doubled <= expected[when]


# What waits


def test_an_alert_in_quiet_hours_is_sent_after_them(stack: Stack) -> None:
    rules(stack, quiet_hours="22:00-07:00 Europe/Berlin")
    stack.now = 1_732_233_600_000  # 2024-11-22 00:00 UTC, 01:00 in Berlin
    stack.process(sequence(["100", "80"]))
    assert stack.delivered() == []
    worker = stack.worker()
    stack.now += 4 * HOUR
    assert worker.deliver_due(lambda: 30.0) == 0
    stack.now += 2 * HOUR
    assert worker.deliver_due(lambda: 30.0) == 1
    assert worker.deliver_due(lambda: 30.0) == 0
    (alert,) = stack.delivered()
    assert alert["new_price"] == "80.00"
    (kept,) = AlertLog(stack.table.rows).between(NOW, NOW + DAY)
    assert kept.alert_id == alert["alert_id"]


def test_what_is_due_goes_out_with_the_next_batch_too(stack: Stack) -> None:
    rules(stack, quiet_hours="00:00-06:00")
    stack.process(sequence(["100", "80"]))
    stack.now += 6 * HOUR
    stack.process(sequence(["5", "5"], "p2")[1:])
    assert len(stack.delivered()) == 1


def test_an_unknown_time_zone_loses_no_alert(stack: Stack) -> None:
    rules(stack, quiet_hours="00:00-23:59 Europe/Atlantis")
    assert stack.process(sequence(["100", "80"])) == []
    assert len(stack.delivered()) == 1


def test_the_alerts_beyond_a_run_s_number_come_in_one_digest(stack: Stack) -> None:
    stack.settings = replace(SETTINGS, max_alerts_per_run=3)
    stack.process([r for n in range(10) for r in sequence(["100", "80"], f"p{n}")])
    single = stack.delivered()
    assert len(single) == 3
    stack.now += 3 * HOUR
    assert stack.worker().deliver_due(lambda: 30.0) == 7
    (digest,) = stack.delivered()
    assert digest["kind"] == "digest"
    ids = {alert["product_id"] for alert in [*single, *digest["alerts"]]}
    assert ids == {f"p{n}" for n in range(10)}
    kept = list(AlertLog(stack.table.rows).between(NOW, NOW + DAY))
    assert len(kept) == 10


def test_a_fall_during_the_cooldown_is_told_after_it_if_it_still_holds(stack: Stack) -> None:
    rules(stack, cooldown=24 * 3600)
    for product_id, prices in {
        "stays": ["100", "80", "60"],
        "passes": ["100", "80", "60", "79"],
    }.items():
        records = sequence(prices, product_id)
        stack.process(records)
        row = records[-1]["dynamodb"]["NewImage"]
        stack.dynamodb.put_item(TableName=TABLE, Item=row)
    assert len(stack.delivered()) == 2
    stack.now = NOW + 27 * HOUR
    worker = stack.worker()
    assert worker.deliver_due(lambda: 30.0) == 1
    (alert,) = stack.delivered()
    assert (alert["product_id"], alert["reference_price"], alert["new_price"]) == (
        "stays",
        "80.00",
        "60.00",
    )
    assert worker.deliver_due(lambda: 30.0) == 0


def test_a_product_that_cannot_be_judged_when_its_cooldown_ends_is_judged_later(
    stack: Stack,
) -> None:
    rules(stack, cooldown=24 * 3600)
    records = sequence(["100", "80", "60"])
    stack.process(records)
    known = reading("60", NOW + 3 * HOUR, status=Status.FAILED)
    stack.dynamodb.put_item(TableName=TABLE, Item=items.product_item(product(known=known)))
    stack.now = NOW + 27 * HOUR
    assert stack.worker().deliver_due(lambda: 30.0) == 0
    known = replace(known, status=Status.OK)
    stack.dynamodb.put_item(TableName=TABLE, Item=items.product_item(product(known=known)))
    stack.now += 2 * HOUR
    assert stack.worker().deliver_due(lambda: 30.0) == 1


def test_two_workers_do_not_deliver_the_same_row(stack: Stack) -> None:
    rules(stack, quiet_hours="00:00-06:00")
    stack.process(sequence(["100", "80"]))
    stack.now += 6 * HOUR
    other = stack.worker()

    class Meanwhile(Spy):
        def publish_batch(self, **arguments: Any) -> Any:
            assert other.deliver_due(lambda: 30.0) == 0
            return self.client.publish_batch(**arguments)

    assert stack.worker(sns=Meanwhile(stack.sns)).deliver_due(lambda: 30.0) == 1
    assert len(stack.delivered()) == 1


def test_a_deferred_alert_outlives_its_deliverer(stack: Stack) -> None:
    rules(stack, quiet_hours="00:00-06:00")
    stack.process(sequence(["100", "80"]))
    stack.now += 6 * HOUR
    sns = Spy(stack.sns, before={("publish_batch", 1): Crash()})
    with pytest.raises(Crash):
        stack.worker(sns=sns).deliver_due(lambda: 30.0)
    assert stack.worker().deliver_due(lambda: 30.0) == 0, "leased"
    stack.now += 2 * 60_000
    assert stack.worker().deliver_due(lambda: 30.0) == 1
    assert len(stack.delivered()) == 1


def test_trouble_with_what_waits_does_not_repeat_the_batch(stack: Stack) -> None:
    dynamodb = Spy(stack.dynamodb, before={("query", n): error("Denied") for n in range(1, 9)})
    assert stack.process(sequence(["5", "5"])[1:], dynamodb=dynamodb) == []


# Groups, rules of shops and tags


def test_the_lowest_offer_of_a_group(stack: Stack) -> None:
    stack.settings = replace(SETTINGS, alerts=AlertRules(lowest_in_group=True))
    for product_id, price in {"a": "90", "b": "95", "c": "50"}.items():
        out = Availability.OUT_OF_STOCK if product_id == "c" else Availability.IN_STOCK
        known = reading(price, NOW, availability=out)
        row = product(product_id, known, group="headphones")
        stack.process([record(product(product_id, group="headphones"), row, 1)])
        stack.dynamodb.put_item(TableName=TABLE, Item=items.product_item(row))
    first, higher, lower = sequence(["100", "92", "89"], "d", group="headphones")
    stack.process([first, higher])
    assert stack.delivered() == []
    stack.process([lower])
    (alert,) = stack.delivered()
    assert alert["kind"] == "lowest_in_group"


def test_rules_of_the_shop_the_tag_and_the_product_lie_over_the_defaults(stack: Stack) -> None:
    shop = RetailerSettings(name="shop-a", hosts=("x.test",), alerts={"drop_percent": "20"})
    stack.settings = replace(
        SETTINGS, retailers={"shop-a": shop}, tag_alerts={"hot": {"drop_percent": 5}}
    )
    own = {"alerts": {"drop_percent": 30}}
    prices = ["100", "88", "79", "69"]
    options: dict[str, dict[str, Any]] = {
        "shop": {},
        "tag": {"tags": ("hot",)},
        "own": {"overrides": own},
    }
    for name, chosen in options.items():
        stack.process(sequence(prices, name, **chosen))
    told = [(alert["product_id"], alert["new_price"]) for alert in stack.delivered()]
    assert told == [
        ("shop", "79.00"),
        ("tag", "88.00"),
        ("tag", "79.00"),
        ("tag", "69.00"),
        ("own", "69.00"),
    ]


def test_counts_by_retailer_on_stdout(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    other = sequence(["10", "11"], "q", retailer="shop-b")
    stack.process([*sequence(["100", "95", "80"]), *other])
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    metrics = {d["Retailer"]: d for d in documents}
    a, b = metrics["shop-a"], metrics["shop-b"]
    assert (a["FirstPrices"], a["PriceChanges"], a["PriceDrops"]) == ([1.0], [2.0], [2.0])
    assert (a["SignificantPriceDrops"], a["AlertsSent"]) == ([1.0], [1.0])
    assert (b["PriceChanges"], b["PriceIncreases"]) == ([1.0], [1.0])
    for document in documents:
        (directive,) = document["_aws"]["CloudWatchMetrics"]
        assert directive["Dimensions"] == [["Retailer"]]
        assert directive["Namespace"] == "PriceMonitor/test"
