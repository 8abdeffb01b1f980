"""The scraper with a real shop on loopback: what becomes of each job."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from pricemon.core import archive, messages, runs
from pricemon.core.model import Job, Known, Observation, Outcome, Status
from pricemon.core.settings import ALL_RETAILERS
from tests.core.table_kit import BUCKET
from tests.lambda_src.scraper_kit import NOW, Kit, page, record, scraper

AT = int(NOW) * 1000
HOUR = 3_600_000
UNREADABLE = (200, {"Content-Type": "text/html"}, b"<html><body><p>words, words</p></body></html>")


@pytest.fixture
def kit() -> Iterator[Kit]:
    with scraper() as made:
        yield made


def known(kit: Kit, product_id: str = "p1") -> Known:
    product = kit.table.get_product(product_id)
    assert product is not None
    assert product.known is not None
    return product.known


def observations(kit: Kit, product_id: str = "p1") -> list[Observation]:
    return list(kit.table.observations(product_id, newest_first=False))


def outcomes(kit: Kit, product_id: str = "p1") -> list[Outcome]:
    return [seen.outcome for seen in observations(kit, product_id)]


def scrape(kit: Kit, answer: Any, *, at: int = AT, receives: int = 1) -> list[int]:
    """Have the shop answer so, and work one job."""
    kit.shop.pages["/p1"] = answer
    return kit.run(kit.job("p1", at), receives=receives)


# -- readings --------------------------------------------------------------------------------------


def test_a_price_is_in_the_row_the_history_and_the_archive(kit: Kit) -> None:
    kit.add("p1", title="My thing", tags=("audio",))
    assert scrape(kit, page("1299.00", "PLN", etag='"1"')) == []
    assert known(kit).price == Decimal("1299.00")
    assert (known(kit).currency, known(kit).status) == ("PLN", Status.OK)
    (seen,) = observations(kit)
    assert (seen.outcome, seen.price, seen.timestamp) == (Outcome.ACCEPTED, Decimal(1299), AT)
    (entry,) = archive.read(kit.s3, BUCKET, *kit.archived())
    assert entry.observation == seen
    assert entry.product == kit.table.get_product("p1")


def test_a_batch_is_one_archive_object(kit: Kit) -> None:
    names = [f"p{n}" for n in range(12)]
    kit.add(*names)
    kit.shop.pages = {f"/{name}": page("5") for name in names}
    assert kit.run(*(kit.job(name) for name in names)) == []
    (key,) = kit.archived()
    assert len(archive.read(kit.s3, BUCKET, key)) == 12


def test_a_page_not_modified_renews_the_price_unread(kit: Kit) -> None:
    def conditional(headers: Any) -> Any:
        if headers["If-None-Match"] == '"1"':
            return 304, {}, b""
        return page("20", etag='"1"')

    kit.add("p1")
    scrape(kit, conditional)
    assert scrape(kit, conditional, at=AT + HOUR) == []
    assert outcomes(kit) == [Outcome.ACCEPTED, Outcome.NOT_MODIFIED]
    assert (known(kit).observed_at, known(kit).price) == (AT + HOUR, Decimal(20))
    assert observations(kit)[1].price == 20


def test_after_a_failure_the_page_is_read_anew(kit: Kit) -> None:
    """A 304 would only say that the page is as unreadable as it was."""
    conditions = []

    def asked(headers: Any) -> Any:
        conditions.append(headers["If-None-Match"])
        return page("20", etag='"1"')

    kit.add("p1")
    scrape(kit, asked)
    scrape(kit, UNREADABLE, at=AT + 1)
    scrape(kit, asked, at=AT + 2)
    scrape(kit, asked, at=AT + 3)
    assert conditions == [None, None, '"1"']


def test_a_304_renews_only_what_was_read_as_it_would_be_now(kit: Kit) -> None:
    """Not a price accepted by hand, nor one read by a rule that has been corrected since."""
    conditions = []

    def asked(headers: Any) -> Any:
        conditions.append(headers["If-None-Match"])
        return page("20", etag='"1"')

    kit.add("p1")
    scrape(kit, asked)
    by_hand = replace(known(kit), price=Decimal(21))
    kit.table.save_known("p1", by_hand)
    scrape(kit, asked, at=AT + 1)
    kit.shop.pages["/p1"] = asked
    retailer = replace(kit.worker.settings.retailers["shop-a"], locale="de")
    corrected = replace(kit.worker.settings, retailers={"shop-a": retailer})
    replace(kit.worker, settings=corrected).process(
        [record(kit.job("p1", AT + 2))], remaining_millis=60_000, request_id="x"
    )
    scrape(kit, asked, at=AT + 3)
    assert conditions == [None, None, None, None]
    scrape(kit, asked, at=AT + 4)
    assert conditions[4] == '"1"'


def test_a_strange_reading_is_held_and_looked_at_again(kit: Kit) -> None:
    kit.add("p1")
    scrape(kit, page("100"))
    scrape(kit, page("9.99"), at=AT + HOUR)
    assert (known(kit).price, known(kit).status) == (Decimal(100), Status.HELD)
    (_, held) = observations(kit)
    assert (held.outcome, held.price) == (Outcome.HELD, Decimal("9.99"))
    again = kit.sqs.get_queue_attributes(
        QueueUrl=kit.worker.wiring.queue_url,
        AttributeNames=["ApproximateNumberOfMessagesDelayed"],
    )
    assert again["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"


def second_look(kit: Kit) -> Job:
    """The confirmation job of the last held reading, as `confirm_after` (10 min) makes it."""
    run_id = "run" + messages.CONFIRMATION
    return Job(
        product_id="p1",
        retailer="shop-a",
        url=f"{kit.shop.url}/p1",
        run_id=run_id,
        requested_at=known(kit).observed_at + 600_000,
    )


@pytest.mark.parametrize(
    ("then", "price", "status"),
    [("9.99", "9.99", Status.OK), ("100", "100", Status.OK), ("8.88", "100", Status.HELD)],
)
def test_the_second_look_decides(kit: Kit, then: str, price: str, status: Status) -> None:
    kit.add("p1")
    scrape(kit, page("100"))
    scrape(kit, page("9.99"), at=AT + HOUR)
    kit.shop.pages["/p1"] = page(then)
    assert kit.run(second_look(kit)) == []
    assert (known(kit).price, known(kit).status) == (Decimal(price), status)


def test_a_second_look_that_is_held_waits_for_the_next_sweep(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a page that shows another price each time would be asked every ten minutes, for ever."""
    kit.add("p1")
    scrape(kit, page("100"))
    kit.shop.pages["/p1"] = page("9.99")
    sent: list[Any] = []
    send = kit.sqs.send_message_batch

    def noted(**parameters: Any) -> Any:
        sent.append(parameters)
        return send(**parameters)

    monkeypatch.setattr(kit.sqs, "send_message_batch", noted)
    kit.run(kit.job("p1", AT + HOUR, run_id="run"))
    kit.shop.pages["/p1"] = page("8.88")
    kit.run(second_look(kit))
    (once,) = sent
    (entry,) = once["Entries"]
    assert entry["DelaySeconds"] == 600
    again = json.loads(entry["MessageBody"])
    assert again["requested_at"] == AT + HOUR + 600_000
    assert again["run_id"] == "run/confirm"


def test_the_rows_url_rule_and_currency_are_the_ones_used(kit: Kit) -> None:
    """The catalogue may have been edited since the job was sent."""
    kit.add("p1", overrides={"rule": {"price": {"css": "b.p"}}, "currency": "CHF"})
    html = b"<html><body><h1>Thing</h1><b class=p>12.50</b> <i>99.00</i></body></html>"
    kit.shop.pages["/p1"] = (200, {"Content-Type": "text/html"}, html)
    stale = messages.job_body(kit.job("p1")).replace("/p1", "/old")
    assert kit.run(stale) == []
    assert (known(kit).price, known(kit).currency) == (Decimal("12.50"), "CHF")
    assert kit.shop.asked == ["/p1"]


def test_a_json_endpoint_is_asked_instead_of_the_page(kit: Kit) -> None:
    rule = {
        "json_url": f"{kit.shop.url}/api/{{product_id}}.json",
        "price": {"json_path": "price"},
        "currency": {"json_path": "currency"},
    }
    kit.add("p 1", overrides={"rule": rule})
    answer = json.dumps({"price": "7.95", "currency": "EUR"}).encode()
    kit.shop.pages["/api/p%201.json"] = (200, {"Content-Type": "application/json"}, answer)
    assert kit.run(kit.job("p 1")) == []
    assert known(kit, "p 1").price == Decimal("7.95")


# -- failures --------------------------------------------------------------------------------------


def test_a_page_that_cannot_be_read_is_kept_recorded_and_buried_with_its_reason(kit: Kit) -> None:
    kit.add("p1")
    scrape(kit, page("20"))
    assert scrape(kit, UNREADABLE, at=AT + HOUR) == []  # handled: not delivered again
    assert (known(kit).price, known(kit).status, known(kit).failures) == (
        Decimal(20),
        Status.FAILED,
        1,
    )
    error = known(kit).last_error
    assert error is not None
    assert (error.reason, error.http_status, error.at) == ("no_price", 200, AT + HOUR)
    assert outcomes(kit) == [Outcome.ACCEPTED, Outcome.FAILED]
    (letter,) = kit.dead
    assert json.loads(letter["Body"])["product_id"] == "p1"
    assert letter["MessageAttributes"]["reason"]["StringValue"] == "no_price"
    (kept,) = (key for key in kit.archived() if key.startswith("failures/"))
    assert kept == f"failures/dt=2027-01-15/p1-{AT + HOUR}.html.gz"
    body = kit.s3.get_object(Bucket=BUCKET, Key=kept)["Body"].read()
    assert gzip.decompress(body) == UNREADABLE[2]


def test_gone_twice_on_different_days(kit: Kit) -> None:
    kit.add("p1")
    for at, status in (
        (AT, Status.FAILED),
        (AT + HOUR, Status.FAILED),
        (AT + 24 * HOUR, Status.GONE),
    ):
        assert scrape(kit, (404, {}, b""), at=at) == []
        assert known(kit).status is status
    assert [d["MessageAttributes"]["reason"]["StringValue"] for d in kit.dead] == ["gone"] * 3
    scrape(kit, page("20"), at=AT + 48 * HOUR)
    assert (known(kit).status, known(kit).failures) == (Status.OK, 0)


def test_what_may_heal_comes_back_later_and_is_recorded_only_at_the_last_delivery(kit: Kit) -> None:
    kit.add("p1")
    for receives in (1, 2):
        assert scrape(kit, (503, {}, b""), receives=receives) == [0]
        assert observations(kit) == []
    assert scrape(kit, (503, {}, b""), receives=3) == []
    assert outcomes(kit) == [Outcome.FAILED]
    (letter,) = kit.dead
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert attributes["reason"] == "http_error"
    assert attributes["http_status"] == "503"


def test_poison_comes_back_alone_for_sqs_to_move_aside(kit: Kit) -> None:
    kit.add("p1", "p2")
    kit.shop.pages = {"/p1": page("1"), "/p2": page("2")}
    poison = ["", "{}", '{"action":"scrape_product"}', "\x00", '{"product_id":"#runs"}']
    failed = kit.run(kit.job("p1"), *poison, kit.job("p2"))
    assert failed == [1, 2, 3, 4, 5]
    assert (known(kit, "p1").price, known(kit, "p2").price) == (Decimal(1), Decimal(2))


@pytest.mark.parametrize("reason", ["unknown_product", "unknown_retailer", "internal"])
def test_jobs_that_cannot_be_done_are_buried_with_their_reason(kit: Kit, reason: str) -> None:
    kit.add("p2")
    kit.shop.pages["/p2"] = page("2")
    if reason == "unknown_retailer":
        kit.add("p1", retailer="closed-down")
    if reason == "internal":  # a row that something else wrote
        row = {"product_id": {"S": "p1"}, "timestamp": {"N": "0"}, "retailer": {"N": "1"}}
        kit.table.rows.client.put_item(TableName=kit.table.name, Item=row)
    assert kit.run(kit.job("p1"), kit.job("p2")) == []
    (letter,) = kit.dead
    assert letter["MessageAttributes"]["reason"]["StringValue"] == reason
    assert outcomes(kit) == [Outcome.FAILED]
    assert known(kit, "p2").price == 2
    assert kit.shop.asked == ["/p2"]


def test_a_malformed_rule_of_one_product_harms_no_other(kit: Kit) -> None:
    kit.add("p1", overrides={"rule": {"price": {"xpath": "//b"}}})
    kit.add("p2")
    kit.shop.pages = {"/p1": page("1"), "/p2": page("2")}
    assert kit.run(kit.job("p1"), kit.job("p2")) == []
    (letter,) = kit.dead
    assert "rule is malformed" in letter["MessageAttributes"]["detail"]["StringValue"]
    assert known(kit, "p2").price == 2


# -- time ------------------------------------------------------------------------------------------


def test_what_there_was_no_time_for_goes_back_unasked(kit: Kit) -> None:
    kit.add("p1", "p2")
    assert kit.run(kit.job("p1"), kit.job("p2"), remaining_millis=0) == [0, 1]
    assert kit.shop.asked == []


def test_want_of_time_is_not_held_against_a_job(kit: Kit) -> None:
    """Three deliveries without a turn are no failure: the job goes into the queue as new."""
    kit.add("p1")
    assert kit.run(kit.job("p1"), receives=3, remaining_millis=0) == []
    assert observations(kit) == []
    assert kit.dead == []
    delayed = kit.sqs.get_queue_attributes(
        QueueUrl=kit.worker.wiring.queue_url, AttributeNames=["All"]
    )["Attributes"]
    assert delayed["ApproximateNumberOfMessagesDelayed"] == "1"
    # … but not for ever
    kit.now += 13 * 3600
    assert kit.run(kit.job("p1"), receives=3, remaining_millis=0) == []
    assert outcomes(kit) == [Outcome.FAILED]
    assert len(kit.dead) == 1


def test_a_shop_that_is_asked_slowly_gives_its_jobs_back_in_time() -> None:
    with scraper(rate=0.1) as kit:
        kit.add("p1", "p2")
        kit.shop.pages = {"/p1": page("1"), "/p2": page("2")}
        failed = kit.run(kit.job("p1"), kit.job("p2"), remaining_millis=3000)
        assert len(failed) == 1
        assert len(kit.shop.asked) == 1


# -- counting, logging, metrics --------------------------------------------------------------------


def test_a_run_counts_each_ending_once(kit: Kit, capsys: pytest.CaptureFixture[str]) -> None:
    kit.add("same", "changed", "held", "failed", "again", "gone")
    kit.shop.pages = {f"/{name}": page("10") for name in ("same", "changed", "held", "failed")}
    first = [kit.job(name, AT - HOUR) for name in ("same", "changed", "held", "failed")]
    kit.run(*first)
    kit.shop.pages |= {
        "/changed": page("9"),
        "/held": page("1"),
        "/failed": UNREADABLE,
        "/again": (500, {}, b""),
    }
    run = runs.start(kit.table, messages.fan_out(AT))
    jobs = [
        kit.job(name, run_id=run.run_id)
        for name in ("same", "changed", "held", "failed", "again", "gone")
    ]
    capsys.readouterr()
    assert kit.run(*jobs) == [4]
    assert kit.run(*jobs) == [4]  # all of them delivered again
    found = runs.get(kit.table, run.run_id)
    assert found is not None
    assert (found.done, found.failed, found.held, found.changed) == (3, 2, 1, 1)
    assert kit.run(jobs[4], receives=3) == []
    found = runs.get(kit.table, run.run_id)
    assert found is not None
    assert (found.done, found.failed) == (3, 3)

    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    total = next(d for d in documents if d["Retailer"] == ALL_RETAILERS)
    assert total["ScrapingSuccess"] == [2]  # what the alarm on silence watches
    documents.remove(total)
    assert all(document["Retailer"] == "shop-a" for document in documents)
    assert {
        name: documents[0][name][0]
        for name in ("ScrapingSuccess", "ScrapingFailure", "Held", "Retried")
    } == {"ScrapingSuccess": 2, "ScrapingFailure": 2, "Held": 1, "Retried": 1}
    # the second delivery did nothing worth a count
    assert documents[1].keys() - {"_aws", "Retailer"} == {"Retried"}
    description = documents[0]["_aws"]["CloudWatchMetrics"][0]
    assert description["Namespace"] == "PriceMonitor/test"
    assert description["Dimensions"] == [["Retailer"]]


def test_jobs_of_one_product_in_one_batch_are_done_in_order_of_time(kit: Kit) -> None:
    kit.add("p1")
    prices = iter(["10", "11", "12"])
    kit.shop.pages["/p1"] = lambda _: page(next(prices))
    jobs = [kit.job("p1", AT + n) for n in (2, 0, 1)]
    assert kit.run(*jobs, jobs[0]) == []
    assert [(o.timestamp, o.price) for o in observations(kit)] == [
        (AT, Decimal(10)),
        (AT + 1, Decimal(11)),
        (AT + 2, Decimal(12)),
    ]
    assert (known(kit).price, known(kit).observed_at) == (Decimal(12), AT + 2)
    assert kit.shop.asked_for("/p1") == 3


def test_a_fan_out_that_cannot_be_done_comes_back_and_harms_no_job(kit: Kit) -> None:
    kit.add("p1")
    kit.shop.pages["/p1"] = page("1")
    broken = messages.fan_out_body(replace(messages.fan_out(AT), cursor="no cursor of ours"))
    assert kit.run(broken, kit.job("p1")) == [0]
    assert known(kit).price == 1
