"""The scraper cut off at every AWS call, before and after it: nothing lost, nothing doubled.

A cut is what a crash, a timeout or a killed worker looks like from the queue: no answer, so that
SQS delivers the whole batch again.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pricemon.core import archive, messages, runs
from pricemon.core.model import Job, Outcome
from tests.core.table_kit import BUCKET
from tests.lambda_src.scraper_kit import NOW, Kit, page, scraper

AT = int(NOW) * 1000
UNREADABLE = (200, {"Content-Type": "text/html"}, b"<html><body><p>words, words</p></body></html>")


class Cut(BaseException):
    """The end of the process, which nothing in it can catch."""


@contextmanager
def at_calls(kit: Kit, happen: Callable[[str, str], None]) -> Iterator[None]:
    """Have `happen(moment, operation)` called before and after each AWS call of the worker."""
    clients = (kit.worker.dynamodb, kit.s3, kit.sqs)

    def before(model: Any, **_: Any) -> None:
        happen("before", model.name)

    def after(model: Any, **_: Any) -> None:
        happen("after", model.name)

    for client in clients:
        client.meta.events.register("before-call", before)
        client.meta.events.register("after-call", after)
    try:
        yield
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", before)
            client.meta.events.unregister("after-call", after)


def a_batch(kit: Kit) -> list[Job]:
    """A job of every ending: changed, same, held, unreadable, gone."""
    kit.add("changed", "same", "held", "unreadable", "gone")
    kit.shop.pages = {f"/{name}": page("10") for name in ("changed", "same", "held", "unreadable")}
    names = ["changed", "same", "held", "unreadable", "gone"]
    kit.run(*(kit.job(name, AT - 1) for name in names))
    kit.shop.pages |= {"/changed": page("9"), "/held": page("1"), "/unreadable": UNREADABLE}
    run = runs.start(kit.table, messages.fan_out(AT))
    assert kit.dead  # those of the first round are not the test's
    return [kit.job(name, run_id=run.run_id) for name in names]


def check(kit: Kit, jobs: list[Job]) -> None:
    """Every job ended, once, everywhere."""
    ends = {}
    for job in jobs:
        (seen,) = kit.table.observations(job.product_id, since=AT)
        ends[job.product_id] = seen
    assert {name: seen.outcome for name, seen in ends.items()} == {
        "changed": Outcome.ACCEPTED,
        "same": Outcome.ACCEPTED,
        "held": Outcome.HELD,
        "unreadable": Outcome.FAILED,
        "gone": Outcome.FAILED,
    }
    run = runs.get(kit.table, jobs[0].run_id)
    assert run is not None
    assert (run.done, run.failed, run.held, run.changed) == (3, 2, 1, 1)
    for name, failures in (("unreadable", 1), ("gone", 2), ("same", 0)):
        product = kit.table.get_product(name)
        assert product is not None
        assert product.known is not None
        assert product.known.failures == failures
    archived = {
        entry.observation
        for key in archive.objects(kit.s3, BUCKET)
        for entry in archive.read(kit.s3, BUCKET, key)
    }
    assert set(ends.values()) <= archived
    buried = {json.loads(letter["Body"])["product_id"] for letter in kit.dead}
    assert buried == {"unreadable", "gone"}
    kit.now += 10_000
    assert all(kit.shop.asked_for(f"/{job.product_id}") <= 3 for job in jobs)


def calls_of_a_batch() -> list[str]:
    made: list[str] = []
    with scraper() as kit:
        jobs = a_batch(kit)
        with at_calls(kit, lambda moment, name: made.append(name) if moment == "before" else None):
            assert kit.run(*jobs) == []
        check(kit, jobs)
    return made


def test_a_batch_makes_few_calls() -> None:
    """One read, one transaction, one object; the rest only for what failed or was held."""
    assert sorted(calls_of_a_batch()) == [
        "BatchGetItem",
        "PutObject",  # the archive
        "PutObject",  # the unreadable page
        "SendMessageBatch",  # the second look
        "SendMessageBatch",  # the dead letters
        "TransactWriteItems",
    ]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("k", range(6))
def test_cut_off_at_any_call_and_delivered_again(k: int, moment: str) -> None:
    with scraper() as kit:
        jobs = a_batch(kit)
        counter = itertools.count()

        def happen(when: str, _: str) -> None:
            if when == moment and next(counter) == k:
                raise Cut

        with at_calls(kit, happen), pytest.raises(Cut):
            kit.run(*jobs)
        assert kit.run(*jobs, receives=2) == []
        check(kit, jobs)


OPERATIONS = ["BatchGetItem", "TransactWriteItems", "PutObject", "SendMessageBatch"]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("code", ["ThrottlingException", "SlowDown", "AccessDenied"])
def test_a_service_that_fails_gives_its_jobs_back_and_heals(operation: str, code: str) -> None:
    with scraper() as kit:
        jobs = a_batch(kit)

        def happen(when: str, name: str) -> None:
            if when == "before" and name == operation:
                raise ClientError({"Error": {"Code": code, "Message": "as AWS says"}}, name)

        with at_calls(kit, happen):
            failed = kit.run(*jobs, remaining_millis=4000)
        # SQS carries only what was held or has failed; the rest of the batch is done
        assert failed == ([2, 3, 4] if operation == "SendMessageBatch" else [0, 1, 2, 3, 4])
        again = [jobs[n] for n in failed]
        assert kit.run(*again, receives=2) == []
        check(kit, jobs)
