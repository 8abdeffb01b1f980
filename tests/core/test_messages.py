"""What travels by queue and stream, and what is refused there."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricemon.core import items, messages
from pricemon.core.errors import GiveUp, Retry
from pricemon.core.messages import FanOut, StreamChange, parse
from pricemon.core.model import Job, Known, Product, Reason, Status

SENT = 1_700_000_000_000
JOB = Job(
    product_id="p1",
    retailer="shop-a",
    url="https://shop-a.test/p1?a=1&b=ü",
    run_id="run-1",
    requested_at=1_800_000_000_123,
    etag='W/"1"',
    last_modified="Wed, 21 Oct 2015 07:28:00 GMT",
    price=Decimal("19.90"),
    currency="EUR",
)


def body(**fields: Any) -> str:
    return json.dumps(fields)


def test_a_job_comes_out_as_it_went_in() -> None:
    assert parse(messages.job_body(JOB), sent_at=SENT) == JOB


def test_a_fan_out_comes_out_as_it_went_in() -> None:
    request = FanOut(
        timestamp=1_800_000_000_123,
        run_id="my-run",
        retailer="shop-a",
        tag="audio",
        product_ids=("a", "b"),
        cursor='{"open":[],"ended":{}}',
    )
    assert parse(messages.fan_out_body(request), sent_at=SENT) == request


def test_a_run_is_named_by_its_time_and_what_it_was_asked() -> None:
    """The same message, delivered twice, must be the same run."""
    one = messages.fan_out(1_800_000_000_007, tag="audio")
    assert one == messages.fan_out(1_800_000_000_007, tag="audio")
    assert one.run_id.startswith("20270115T080000.007Z-")
    assert one.run_id != messages.fan_out(1_800_000_000_007, tag="video").run_id
    by_hand = parse(body(action="scrape_all_products", timestamp=1_800_000_000_007), sent_at=1)
    assert by_hand == messages.fan_out(1_800_000_000_007)


def test_a_message_without_action_but_with_a_product_is_one_job() -> None:
    job = parse(body(product_id="p", retailer="r", url="https://r.test"), sent_at=SENT)
    assert job == Job(
        product_id="p", retailer="r", url="https://r.test", run_id="", requested_at=SENT
    )


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [
        (1_800_000_000_123, 1_800_000_000_123),
        (1_800_000_000, 1_800_000_000_000),
        (1_800_000_000.5, 1_800_000_000_500),
        ("1800000000", 1_800_000_000_000),
        ("2027-01-15T08:00:00Z", 1_800_000_000_000),
        ("2027-01-15T09:00:00.123+01:00", 1_800_000_000_123),
        ("2027-01-15T08:00:00", 1_800_000_000_000),
        ("2027-01-15", 1_799_971_200_000),
        # EventBridge Scheduler's context attribute, where nobody filled it in
        ("<aws.scheduler.scheduled-time>", SENT),
        (None, SENT),
        ("", SENT),
    ],
)
def test_times_in_every_spelling(value: object, milliseconds: int) -> None:
    message = parse(body(action="scrape_all_products", timestamp=value), sent_at=SENT)
    assert isinstance(message, FanOut)
    assert message.timestamp == milliseconds


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("not json", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("null", "a JSON NoneType, not an object"),
        ("[]", "a JSON list"),
        ("{}", "no such action: 'None'"),
        (body(action="drop_table"), "no such action: 'drop_table'"),
        (body(action="scrape_product"), "product_id is missing"),
        (body(action="scrape_product", product_id="p"), "retailer is missing"),
        (body(action="scrape_product", product_id="p", retailer="r"), "url is missing"),
        (body(product_id=7, retailer="r", url="u"), "product_id is not a string: '7'"),
        (body(product_id="#runs", retailer="r", url="u"), "not a product id"),
        (body(product_id="x" * 2000, retailer="r", url="u"), "not a product id"),
        ('{"product_id": "\\ud800", "retailer": "r", "url": "u"}', "not Unicode text"),
        (body(product_id="p", retailer="r", url="u", price="cheap"), "price is not a decimal"),
        (body(product_id="p", retailer="r", url="u", requested_at="soon"), "not a time: 'soon'"),
        (body(product_id="p", retailer="r", url="u", requested_at=True), "not a time"),
        (body(product_id="p", retailer="r", url="u", requested_at=-5), "not a time"),
        (body(product_id="p", retailer="r", url="u", requested_at=0), "not a time"),
        (body(product_id="p", retailer="r", url="u", requested_at="1e999999999"), "not a time"),
        (body(action="scrape_all_products", timestamp="<aws.scheduler>"), "not a time"),
        (body(action="scrape_all_products", tag=["a"]), "tag is not a string"),
        (body(action="scrape_all_products", product_ids="p1"), "not a list of strings"),
        (body(action="scrape_all_products", product_ids=[1]), "product_ids is not a string"),
    ],
)
def test_what_is_no_message_of_ours_says_why(text: str, says: str) -> None:
    with pytest.raises(GiveUp) as caught:
        parse(text, sent_at=SENT)
    assert caught.value.reason == Reason.BAD_MESSAGE
    assert says in caught.value.detail


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(
    st.text()
    | st.fixed_dictionaries(
        {},
        optional={
            "action": st.sampled_from(["scrape_all_products", "scrape_product", None]) | anything,
            **dict.fromkeys(
                ("product_id", "retailer", "url", "timestamp", "requested_at", "price"), anything
            ),
            **dict.fromkeys(("run_id", "etag", "tag", "product_ids", "cursor"), anything),
        },
    ).map(json.dumps)
)
def test_any_body_is_a_message_or_a_bad_message(text: str) -> None:
    try:
        message = parse(text, sent_at=SENT)
    except GiveUp as error:
        assert error.reason == Reason.BAD_MESSAGE  # noqa: PT017  either is right
    else:
        assert isinstance(message, FanOut | Job)


def test_a_dead_letter_tells_what_became_of_the_job() -> None:
    error = GiveUp(Reason.GONE, "it answered 404", http_status=404)
    attributes = messages.failure_attributes(error, failed_at=SENT, job=JOB)
    assert {name: value["StringValue"] for name, value in attributes.items()} == {
        "reason": "gone",
        "detail": "it answered 404",
        "http_status": "404",
        "product_id": "p1",
        "retailer": "shop-a",
        "run_id": "run-1",
        "failed_at": str(SENT),
    }
    assert {value["DataType"] for value in attributes.values()} == {"String"}


def test_a_dead_letter_is_never_refused_for_its_attributes() -> None:
    """SQS takes no empty values and no characters beyond XML's, and would lose the letter."""
    error = Retry(Reason.TIMEOUT, "nul \x00, bell \x07, " + "x" * 999)
    attributes = messages.failure_attributes(error, failed_at=SENT)
    assert "product_id" not in attributes
    assert "http_status" not in attributes
    detail = attributes["detail"]["StringValue"]
    assert detail.startswith("nul �, bell �, ")
    assert len(detail) == messages.MAX_DETAIL
    assert "detail" not in messages.failure_attributes(Retry("timeout"), failed_at=SENT)


# -- the stream ------------------------------------------------------------------------------------

BEFORE = Product(product_id="p1", retailer="shop-a", url="https://shop-a.test/p1")
KNOWN = Known(observed_at=5, status=Status.OK, price=Decimal(10), currency="EUR")
AFTER = Product(product_id="p1", retailer="shop-a", url="https://shop-a.test/p1", known=KNOWN)


def record(
    old: Product | None, new: Product | None, keys: dict[str, Any] | None = None
) -> dict[str, Any]:
    images = {
        "OldImage": old and items.product_item(old),
        "NewImage": new and items.product_item(new),
    }
    change = {name: image for name, image in images.items() if image}
    return {
        "eventName": "MODIFY",
        "dynamodb": {"Keys": keys or items.key("p1", 0), "SequenceNumber": "42", **change},
    }


@pytest.mark.parametrize(("old", "new"), [(BEFORE, AFTER), (None, BEFORE), (AFTER, None)])
def test_a_change_has_the_row_before_and_after(old: Product | None, new: Product | None) -> None:
    change = messages.parse_stream_record(record(old, new))
    assert change == StreamChange(before=old, after=new, sequence_number="42")
    assert change.product_id == "p1"


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({}, "not of a product row"),
        ({"dynamodb": None}, "not of a product row"),
        (record(BEFORE, AFTER, items.key("p1", 5)), "not of a product row"),
        (record(BEFORE, AFTER, items.key("p1", -1)), "not of a product row"),
        (record(BEFORE, AFTER, items.key("#runs", 0)), "not of a product row"),
        (record(None, None), "no images"),
    ],
)
def test_a_record_of_something_else_says_so(broken: dict[str, Any], says: str) -> None:
    with pytest.raises(GiveUp) as caught:
        messages.parse_stream_record(broken)
    assert says in caught.value.detail


def test_a_malformed_image_is_named() -> None:
    broken = record(BEFORE, AFTER)
    broken["dynamodb"]["NewImage"]["price"] = {"N": "12,5"}
    with pytest.raises(GiveUp, match="p1 / 0 is malformed: price is not a number"):
        messages.parse_stream_record(broken)
    broken["dynamodb"]["NewImage"] = {"product_id": "p1"}
    with pytest.raises(GiveUp, match="malformed"):
        messages.parse_stream_record(broken)
