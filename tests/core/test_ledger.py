"""A batch as one transaction: written once, counted once, each entry with its own fate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from pricemon.core import dynamo, ledger, messages, runs
from pricemon.core.ledger import Entry, Written
from pricemon.core.messages import CONFIRMATION
from pricemon.core.model import Job, Page, Product, Reading, Status
from pricemon.core.outcomes import Evidence, conclude
from pricemon.core.settings import JudgeSettings
from pricemon.core.table import Table
from tests.core.table_kit import moto_table, no_sleep, product

AT = 1_800_000_000_000
REQUEST = messages.fan_out(AT)
BOUNDS = JudgeSettings()


@pytest.fixture
def table() -> Iterator[Table]:
    with moto_table() as made:
        made.put_catalogue(new=[product(f"p{n}") for n in range(5)])
        runs.start(made, REQUEST)
        yield made


def entry(
    before: Product | None, *, at: int = AT, price: str = "10", run_id: str = REQUEST.run_id
) -> Entry:
    job = Job(
        product_id=before.product_id if before else "p0",
        retailer="shop-a",
        url="u",
        run_id=run_id,
        requested_at=at,
    )
    reading = Reading(price=Decimal(price), currency="EUR", source="json-ld")
    page = Page(url="u", status=200, body=b"")
    result = conclude(job, before, Evidence(page=page, reading=reading), BOUNDS)
    return Entry(before=before, result=result)


def entries(table: Table, *names: str, **fields: Any) -> list[Entry]:
    return [entry(table.get_product(name), **fields) for name in names]


def prices(table: Table) -> dict[str, Decimal | None]:
    products = table.get_products(f"p{n}" for n in range(5)).values()
    return {p.product_id: p.known.price for p in products if p.known}


def done(table: Table) -> int:
    run = runs.get(table, REQUEST.run_id)
    assert run is not None
    return run.done


def fates(written: Written) -> tuple[int, int, int, int]:
    return len(written.written), len(written.repeated), len(written.stale), len(written.failed)


def test_rows_observations_and_count_are_written_together(table: Table) -> None:
    written = ledger.write(table, entries(table, "p0", "p1", "p2"))
    assert fates(written) == (3, 0, 0, 0)
    assert prices(table) == {"p0": 10, "p1": 10, "p2": 10}
    assert [o.timestamp for o in table.observations("p1")] == [AT]
    assert done(table) == 3


def test_a_job_written_before_is_repeated_and_not_counted_again(table: Table) -> None:
    first = entries(table, "p0", "p1")
    ledger.write(table, first)
    written = ledger.write(table, [*first, *entries(table, "p2")])
    assert fates(written) == (1, 2, 0, 0)
    assert {seen.product_id for _, seen in written.repeated} == {"p0", "p1"}
    assert done(table) == 3


def test_a_row_that_changed_meanwhile_is_stale_and_its_neighbours_are_not(table: Table) -> None:
    batch = entries(table, "p0", "p1")
    ledger.write(table, entries(table, "p1", at=AT + 5, price="11", run_id=""))
    assert fates(ledger.write(table, batch)) == (1, 0, 1, 0)
    assert prices(table) == {"p0": 10, "p1": 11}
    assert done(table) == 1


def test_a_held_reading_accepted_by_hand_meanwhile_is_not_undone(table: Table) -> None:
    ledger.write(table, entries(table, "p0", price="100"))
    ledger.write(table, entries(table, "p0", at=AT + 5, price="20", run_id=""))
    batch = entries(table, "p0", at=AT + 9, price="100", run_id="")
    held = table.get_product("p0")
    assert held is not None
    assert held.known is not None
    by_hand = replace(held.known, price=Decimal(20), held=None, status=Status.OK)
    assert table.save_known("p0", by_hand)
    assert fates(ledger.write(table, batch)) == (0, 0, 1, 0)


def test_a_product_removed_meanwhile_is_stale_not_resurrected(table: Table) -> None:
    batch = entries(table, "p0", "p1")
    table.remove_product("p0")
    assert fates(ledger.write(table, batch)) == (1, 0, 1, 0)
    assert table.get_product("p0") is None


def test_an_overtaken_job_is_recorded_and_counted_beside_the_newer_row(table: Table) -> None:
    ledger.write(table, entries(table, "p0", at=AT + 5, price="11", run_id=""))
    assert fates(ledger.write(table, entries(table, "p0"))) == (1, 0, 0, 0)
    assert prices(table) == {"p0": 11}
    assert [o.price for o in table.observations("p0")] == [11, 10]
    assert done(table) == 1


def test_a_run_without_a_row_keeps_no_job_from_being_written(table: Table) -> None:
    batch = [*entries(table, "p0", run_id="unheard of"), *entries(table, "p1")]
    assert fates(ledger.write(table, batch)) == (2, 0, 0, 0)
    assert done(table) == 1


def test_second_looks_are_not_counted(table: Table) -> None:
    batch = entries(table, "p0", run_id=REQUEST.run_id + CONFIRMATION)
    assert fates(ledger.write(table, batch)) == (1, 0, 0, 0)
    assert done(table) == 0


def test_more_jobs_than_fit_in_one_transaction(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "MAX_ENTRIES", 2)
    assert fates(ledger.write(table, entries(table, "p0", "p1", "p2", "p3", "p4"))) == (5, 0, 0, 0)
    assert done(table) == 5


def test_the_largest_transaction_is_within_dynamodbs_limit() -> None:
    assert 2 * ledger.MAX_ENTRIES + 20 <= dynamo.TRANSACT_LIMIT


# -- what AWS does on a bad day --------------------------------------------------------------------


class Bad:
    """A client whose transactions meet a script; `None` lets one through to moto."""

    def __init__(self, client: Any, script: Any) -> None:
        self._client = client
        self._script = iter(script)
        self.sizes: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, *, TransactItems: list[Any]) -> Any:  # noqa: N803  boto3's name
        self.sizes.append(len(TransactItems))
        answer = next(self._script, None)
        error = answer(TransactItems) if callable(answer) else answer
        if error == "lost":
            self._client.transact_write_items(TransactItems=TransactItems)
            raise EndpointConnectionError(endpoint_url="the answer never came")
        if error:
            raise error
        return self._client.transact_write_items(TransactItems=TransactItems)


def cancelled(**codes: str) -> Any:
    """A cancellation for the observations of the products named, as AWS writes it."""

    def of(writes: list[Any]) -> ClientError | None:
        reasons = []
        for write in writes:
            item = write.get("Put", {}).get("Item", {})
            code = codes.get(item.get("product_id", {}).get("S", ""), "None")
            reasons.append({"Code": code, "Message": "as AWS says"})
        if {reason["Code"] for reason in reasons} == {"None"}:
            return None
        body = {"Error": {"Code": "TransactionCanceledException", "Message": "cancelled"}}
        return ClientError({**body, "CancellationReasons": reasons}, "TransactWriteItems")

    return of


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "as AWS says"}}, "TransactWriteItems")


def on_a_bad_day(table: Table, script: Any) -> tuple[Table, Bad]:
    bad = Bad(table.rows.client, script)
    return Table(bad, table.name, sleep=no_sleep), bad


@pytest.mark.parametrize(
    "trouble",
    [
        error("ThrottlingException"),
        error("ProvisionedThroughputExceededException"),
        error("InternalServerError"),
        error("TransactionInProgressException"),
        cancelled(p1="TransactionConflict"),
        cancelled(p1="ThrottlingError", p2="ProvisionedThroughputExceeded"),
        EndpointConnectionError(endpoint_url="nowhere"),
    ],
)
def test_what_heals_is_tried_again(table: Table, trouble: Any) -> None:
    worse, bad = on_a_bad_day(table, [trouble, trouble, None])
    assert fates(ledger.write(worse, entries(table, "p0", "p1", "p2"))) == (3, 0, 0, 0)
    assert bad.sizes == [7, 7, 7]
    assert done(table) == 3


def test_a_row_that_stays_throttled_fails_alone(table: Table) -> None:
    worse, _ = on_a_bad_day(table, [cancelled(p1="ThrottlingError")] * 99)
    written = ledger.write(worse, entries(table, "p0", "p1", "p2"))
    assert fates(written) == (2, 0, 0, 1)
    assert prices(table) == {"p0": 10, "p2": 10}
    assert done(table) == 2


def test_a_row_dynamodb_will_not_have_fails_alone_and_at_once(table: Table) -> None:
    worse, bad = on_a_bad_day(table, [cancelled(p1="ValidationError")])
    written = ledger.write(worse, entries(table, "p0", "p1", "p2"))
    assert fates(written) == (2, 0, 0, 1)
    assert "ValidationError: as AWS says" in written.failed[0][1]
    assert len(bad.sizes) == 2


def test_whatever_is_wrong_with_a_job_it_has_one_fate(table: Table) -> None:
    """Its product's row is stale and its observation refused at once."""

    def both(writes: list[Any]) -> ClientError | None:
        reasons = []
        for write in writes:
            mine = "p1" in str(write)
            code = (
                ("ConditionalCheckFailed" if "Update" in write else "ValidationError")
                if mine
                else "None"
            )
            reasons.append({"Code": code})
        if {reason["Code"] for reason in reasons} == {"None"}:
            return None
        body = {"Error": {"Code": "TransactionCanceledException", "Message": "cancelled"}}
        return ClientError({**body, "CancellationReasons": reasons}, "TransactWriteItems")

    worse, _ = on_a_bad_day(table, [both, both])
    assert fates(ledger.write(worse, entries(table, "p0", "p1", "p2"))) == (2, 0, 0, 1)


def test_an_observation_that_something_else_wrote_fails_alone(table: Table) -> None:
    foreign = {"product_id": {"S": "p1"}, "timestamp": {"N": str(AT)}, "retailer": {"N": "1"}}
    table.rows.client.put_item(TableName=table.name, Item=foreign)
    written = ledger.write(table, entries(table, "p0", "p1"))
    assert fates(written) == (1, 0, 0, 1)
    assert "malformed" in written.failed[0][1]


def test_one_row_that_spoils_the_whole_request_is_found(table: Table) -> None:
    def spoilt(writes: list[Any]) -> ClientError | None:
        bad = any("p1" in str(write) for write in writes)
        return error("ValidationException") if bad else None

    worse, _ = on_a_bad_day(table, [spoilt] * 9)
    assert fates(ledger.write(worse, entries(table, "p0", "p1", "p2"))) == (2, 0, 0, 1)
    assert prices(table) == {"p0": 10, "p2": 10}


def test_a_table_that_stays_throttled_fails_all_and_writes_none(table: Table) -> None:
    worse, _ = on_a_bad_day(table, [error("ThrottlingException")] * 99)
    assert fates(ledger.write(worse, entries(table, "p0", "p1"))) == (0, 0, 0, 2)
    assert prices(table) == {}


def test_a_denied_action_fails_at_once_in_awss_words(table: Table) -> None:
    worse, bad = on_a_bad_day(table, [error("AccessDeniedException")])
    written = ledger.write(worse, entries(table, "p0"))
    assert "AccessDeniedException" in written.failed[0][1]
    assert len(bad.sizes) == 1


def test_a_lost_answer_is_no_second_count(table: Table) -> None:
    """The transaction went through and its answer was lost: the retry finds itself done."""
    worse, _ = on_a_bad_day(table, ["lost", None])
    assert fates(ledger.write(worse, entries(table, "p0", "p1"))) == (0, 2, 0, 0)
    assert done(table) == 2


def test_no_time_left_to_wait_is_the_end_of_trying(table: Table) -> None:
    def no_time(seconds: float) -> None:
        raise dynamo.Throttled("no time is left")

    bad = Bad(table.rows.client, [error("ThrottlingException")] * 99)
    worse = Table(bad, table.name, sleep=no_time)
    assert fates(ledger.write(worse, entries(table, "p0"))) == (0, 0, 0, 1)
    assert len(bad.sizes) == 1
