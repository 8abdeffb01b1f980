"""Runs: begun once, fanned out by one at a time, counted exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pricemon.core import messages, runs
from pricemon.core.dynamo import Throttled
from pricemon.core.messages import CONFIRMATION
from pricemon.core.model import Job
from pricemon.core.runs import Run
from tests.core.table_kit import moto_table

if TYPE_CHECKING:
    from pricemon.core.table import Table

AT = 1_800_000_000_000
REQUEST = messages.fan_out(AT, retailer="shop-a")


@pytest.fixture
def table() -> Iterator[Table]:
    with moto_table() as made:
        yield made


def test_a_run_begins_once(table: Table) -> None:
    run = runs.start(table, REQUEST)
    assert run == Run(run_id=REQUEST.run_id, started_at=AT, filter={"retailer": "shop-a"})
    runs.count(table, run.run_id, run.started_at, {"done": 1})
    assert runs.start(table, REQUEST).done == 1


def test_runs_of_the_same_millisecond_do_not_mix(table: Table) -> None:
    others = [messages.fan_out(AT, tag=tag) for tag in ("a", "b")]
    begun = [runs.start(table, request) for request in (REQUEST, *others)]
    assert [run.started_at for run in begun] == [AT, AT + 1, AT + 2]
    assert [runs.start(table, request) for request in (REQUEST, *others)] == begun
    assert [runs.get(table, run.run_id) for run in begun] == begun


def test_too_many_runs_of_one_millisecond_are_refused(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_COLLISIONS", 1)
    runs.start(table, REQUEST)
    with pytest.raises(Throttled, match="no key is left"):
        runs.start(table, messages.fan_out(AT, tag="b"))


def test_a_lease_is_one_workers_until_it_runs_out(table: Table) -> None:
    run = runs.start(table, REQUEST)
    assert runs.lease(table, run, owner="a", now=10, until=20) == run
    assert runs.lease(table, run, owner="b", now=15, until=30) is None
    assert runs.lease(table, run, owner="a", now=15, until=20) == run
    assert runs.lease(table, run, owner="b", now=21, until=30) == run
    runs.release(table, run, owner="a")  # no longer its to give
    assert runs.lease(table, run, owner="a", now=22, until=30) is None
    runs.release(table, run, owner="b")
    assert runs.lease(table, run, owner="a", now=22, until=30) == run


def test_the_cursor_moves_only_on_and_only_by_the_leases_holder(table: Table) -> None:
    run = runs.start(table, REQUEST)
    runs.lease(table, run, owner="a", now=10, until=20)
    moved = runs.advance(table, run, owner="a", cursor="one", sent=3)
    assert moved == replace(run, cursor="one", dispatched=3)
    assert runs.advance(table, run, owner="a", cursor="two", sent=3) is None  # from where it was
    assert runs.advance(table, moved, owner="b", cursor="two", sent=3) is None
    ended = runs.advance(table, moved, owner="a", cursor="two", sent=2, fanned_out=True)
    assert ended == replace(run, cursor="two", dispatched=5, fanned_out=True)


def test_complete_is_all_sent_and_all_ended(table: Table) -> None:
    run = Run(run_id="r", started_at=AT, dispatched=3, done=2)
    assert not replace(run, fanned_out=True).complete
    assert not replace(run, failed=1).complete
    assert replace(run, failed=1, fanned_out=True).complete
    assert Run(run_id="r", started_at=AT, fanned_out=True).complete  # nothing to do


def test_counting_needs_a_run(table: Table) -> None:
    """No row appears for a run that never was, or was removed."""
    assert not runs.count(table, REQUEST.run_id, AT, {"done": 1})
    assert list(runs.recent(table)) == []
    runs.start(table, REQUEST)
    assert runs.count(table, REQUEST.run_id, AT, {"done": 3, "changed": 1, "held": 0})
    assert not runs.count(table, "another", AT, {"done": 1})
    found = runs.get(table, REQUEST.run_id)
    assert found is not None
    assert (found.done, found.changed, found.held) == (3, 1, 0)


@pytest.mark.parametrize(
    ("run_id", "counted"), [("run", True), ("", False), ("run" + CONFIRMATION, False)]
)
def test_second_looks_and_jobs_by_hand_are_not_counted(run_id: str, counted: bool) -> None:
    job = Job(product_id="p", retailer="r", url="u", run_id=run_id, requested_at=1)
    assert runs.is_counted(job) is counted


def test_recent_runs_newest_first(table: Table) -> None:
    begun = [runs.start(table, messages.fan_out(AT + n)) for n in range(4)]
    assert list(runs.recent(table, limit=3)) == begun[:0:-1]
    custom = runs.start(table, replace(REQUEST, timestamp=AT - 9, run_id="by hand"))
    assert runs.get(table, "by hand") == custom
    assert runs.get(table, "unheard of") is None
    assert runs.get(table, messages.fan_out(AT + 77).run_id) is None


def test_rows_of_runs_expire_where_the_table_has_a_ttl() -> None:
    with moto_table(keep_days=30) as table:
        runs.start(table, REQUEST)
        row = table.rows.get_item({"product_id": {"S": "#runs"}, "timestamp": {"N": str(AT)}})
        assert row is not None
        assert row["expires_at"] == {"N": str(AT // 1000 + runs.KEEP_DAYS * 86_400)}
