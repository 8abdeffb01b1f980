"""The fan-out at work: each product once per run, whatever happens to its messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from lambda_src.scraper.fan_out import FanOuts
from lambda_src.scraper.queue import Outgoing, Queue
from pricemon.core import dispatch, items, messages, runs
from pricemon.core.errors import Retry
from pricemon.core.messages import FanOut, parse
from pricemon.core.model import Job, Known, Status
from pricemon.core.settings import RetailerSettings, Settings
from tests.core.table_kit import fill, moto_table, no_sleep, product

if TYPE_CHECKING:
    from pricemon.core.attributes import MalformedItem
    from pricemon.core.runs import Run
    from pricemon.core.table import Table

AT = 1_800_000_000_000
SETTINGS = Settings(
    env="test",
    retailers={
        "shop-a": RetailerSettings(name="shop-a", hosts=("a.test",), rate=50),
        "shop-b": RetailerSettings(name="shop-b", hosts=("b.test",), rate=0.05),
    },
)


class Line:
    """A queue that keeps what it is sent, and can be made to fail."""

    def __init__(self) -> None:
        self.sent: list[tuple[FanOut | Job, int]] = []
        self.trouble: list[Any] = []

    def send(self, messages: Iterable[Outgoing]) -> list[Outgoing]:
        outgoing = list(messages)
        trouble = self.trouble.pop(0) if self.trouble else None
        if isinstance(trouble, BaseException):
            raise trouble
        taken = outgoing[: len(outgoing) - (trouble or 0)]
        for message in taken:
            self.sent.append((parse(message.body, sent_at=AT), message.delay()))
        return outgoing[len(taken) :]

    @property
    def jobs(self) -> list[Job]:
        return [content for content, _ in self.sent if isinstance(content, Job)]

    @property
    def continuations(self) -> list[tuple[FanOut, int]]:
        return [(c, delay) for c, delay in self.sent if isinstance(c, FanOut)]


class Stand:
    """A table of products, a queue and a clock."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.line = Line()
        self.now = AT / 1000
        self.fan_outs = FanOuts(
            table=table,
            queue=self.line,
            settings=SETTINGS,
            clock=lambda: self.now,
            page=100,
        )

    def handle(self, request: FanOut, owner: str = "one", seconds: float = 60) -> Run:
        return self.fan_outs.handle(request, owner=owner, seconds=seconds)

    def sent(self) -> Counter[str]:
        return Counter(job.product_id for job in self.line.jobs)


@pytest.fixture
def stand() -> Iterator[Stand]:
    with moto_table() as table:
        fill(table, *(product(f"a{n:03}", "shop-a") for n in range(250)))
        fill(table, *(product(f"b{n:03}", "shop-b") for n in range(60)))
        yield Stand(table)


SWEEP = messages.fan_out(AT, retailer="shop-a")
WHOLE = {f"a{n:03}": 1 for n in range(250)}


def test_a_sweep_sends_each_product_once_with_its_run(stand: Stand) -> None:
    run = stand.handle(SWEEP)
    assert stand.sent() == WHOLE
    assert {(job.run_id, job.requested_at) for job in stand.line.jobs} == {(SWEEP.run_id, AT)}
    assert run.fanned_out
    assert run.dispatched == 250
    assert Counter(Counter(delay for _, delay in stand.line.sent).values()) == {50: 5}


def test_the_same_message_twice_is_one_sweep(stand: Stand) -> None:
    stand.handle(SWEEP)
    assert stand.handle(SWEEP, owner="two").dispatched == 250
    assert stand.sent() == WHOLE


def test_twice_at_the_same_time_is_one_sweep(stand: Stand) -> None:
    run = runs.start(stand.table, SWEEP)
    runs.lease(stand.table, run, owner="other", now=AT - 1, until=AT + 60_000)
    with pytest.raises(Retry, match="another worker") as caught:
        stand.handle(SWEEP)
    assert caught.value.after == 60
    assert stand.line.sent == []
    stand.now += 61  # … and when the other one has died, it is taken over
    assert stand.handle(SWEEP).dispatched == 250
    assert stand.sent() == WHOLE


class Cut(BaseException):
    """The end of the process."""


def test_cut_off_in_the_middle_it_continues_where_it_was(stand: Stand) -> None:
    stand.line.trouble = [None, Cut()]
    with pytest.raises(Cut):
        stand.handle(SWEEP)
    assert len(stand.line.jobs) == 100
    with pytest.raises(Retry, match="another worker"):
        stand.handle(SWEEP, owner="two")  # its lease outlives it a little
    stand.now += 120
    run = stand.handle(SWEEP, owner="two")
    assert stand.sent() == WHOLE
    assert run.dispatched == 250


def test_cut_off_between_sending_and_saving_one_chunk_is_sent_twice_as_the_same_jobs(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = runs.advance
    calls = iter([real, None])

    def advance(*args: Any, **more: Any) -> Any:
        how = next(calls, real)
        if how is None:
            raise Cut
        return how(*args, **more)

    monkeypatch.setattr(runs, "advance", advance)
    with pytest.raises(Cut):
        stand.handle(SWEEP)
    stand.now += 120
    run = stand.handle(SWEEP, owner="two")
    assert set(stand.sent()) == set(WHOLE)
    assert sum(stand.sent().values()) == 350
    assert len(set(stand.line.jobs)) == 250  # which the table tells apart: same key, same time
    assert run.dispatched == 250


def test_a_chunk_sqs_takes_only_in_part_is_sent_again(stand: Stand) -> None:
    stand.line.trouble = [None, 7]
    with pytest.raises(Retry, match="would not take 7 jobs"):
        stand.handle(SWEEP)
    stand.now += 120
    assert stand.handle(SWEEP, owner="two").dispatched == 250
    assert len(set(stand.line.jobs)) == 250


def test_what_does_not_fit_into_900_s_comes_in_one_continuation(stand: Stand) -> None:
    request = messages.fan_out(AT, retailer="shop-b")
    stand.handle(request)
    assert len(stand.line.jobs) == 45  # one each 20 s, for 900 s
    ((continuation, delay),) = stand.line.continuations
    assert (continuation.run_id, continuation.timestamp) == (request.run_id, AT)
    assert continuation.cursor is not None
    assert 800 <= delay <= 900
    stand.now += delay
    run = stand.handle(continuation, owner="two")
    assert stand.sent() == {f"b{n:03}": 1 for n in range(60)}
    assert run.fanned_out
    assert len(stand.line.continuations) == 1


def test_no_time_left_is_a_continuation_at_once(stand: Stand) -> None:
    ticks = iter(range(10**6))
    slow = replace(stand.fan_outs, clock=lambda: stand.now + next(ticks))
    slow.handle(SWEEP, owner="one", seconds=20)
    assert 0 < len(stand.line.jobs) < 250
    ((continuation, delay),) = stand.line.continuations
    assert delay == 0
    stand.now += 60
    stand.handle(continuation, owner="two")
    assert stand.sent() == WHOLE


def test_a_run_whose_row_was_lost_goes_on_from_the_message(stand: Stand) -> None:
    request = messages.fan_out(AT, retailer="shop-b")
    stand.handle(request)
    ((continuation, delay),) = stand.line.continuations
    row = {"product_id": {"S": "#runs"}, "timestamp": {"N": str(AT)}}
    stand.table.rows.client.delete_item(TableName=stand.table.name, Key=row)
    stand.now += delay
    stand.handle(continuation)
    assert stand.sent() == {f"b{n:03}": 1 for n in range(60)}


def test_a_second_sweep_queues_behind_the_first_one(stand: Stand) -> None:
    stand.handle(SWEEP)
    stand.handle(messages.fan_out(AT + 1, retailer="shop-a"))
    assert max(Counter(delay for _, delay in stand.line.sent).values()) == 50
    assert max(delay for _, delay in stand.line.sent) == 10


def test_who_names_a_product_does_not_wait_for_a_sweep(stand: Stand) -> None:
    stand.table.put_catalogue(new=[product("off", "shop-a", enabled=False)])
    stand.handle(SWEEP)
    wanted = ("a001", "b001", "off", "unheard of")
    run = stand.handle(messages.fan_out(AT + 1, product_ids=wanted))
    assert run.dispatched == 3
    named = [(c, d) for c, d in stand.line.sent if isinstance(c, Job) and c.run_id == run.run_id]
    assert sorted(job.product_id for job, _ in named) == ["a001", "b001", "off"]
    assert {delay for _, delay in named} == {dispatch.LEAD}


def test_only_what_is_wanted_is_sent(stand: Stand) -> None:
    stand.table.put_catalogue(new=[product("tagged", "shop-a", tags=("audio",))])
    stand.table.put_catalogue(new=[product("lost", "shop-a", tags=("audio",))])
    stand.table.save_known("lost", Known(observed_at=1, status=Status.GONE))
    stand.handle(messages.fan_out(AT, tag="audio"))
    assert stand.sent() == {"tagged": 1}


@pytest.mark.parametrize("named", [(), ("a001", "odd")])
def test_a_malformed_row_is_left_out_and_told(stand: Stand, named: tuple[str, ...]) -> None:
    """One row that something else wrote must not keep a whole shop from being scraped."""
    row = items.product_item(product("odd", "shop-a")) | {"tags": {"N": "1"}}
    stand.table.rows.write([{"PutRequest": {"Item": row}}])
    told: list[MalformedItem] = []
    stand.fan_outs = replace(stand.fan_outs, on_malformed=told.append)
    run = stand.handle(messages.fan_out(AT, retailer="shop-a", product_ids=named))
    assert run.dispatched == (1 if named else 250)
    assert run.fanned_out
    assert "odd / 0" in told[0].message


def test_nothing_to_send_is_a_complete_run(stand: Stand) -> None:
    assert stand.handle(messages.fan_out(AT, product_ids=("unheard of",))).complete
    assert stand.handle(messages.fan_out(AT, tag="none such")).complete


# -- the queue itself ------------------------------------------------------------------------------


class Sqs:
    """SQS, taking what a script says: numbers of entries refused, or errors."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.taken: list[dict[str, Any]] = []
        self.shown: list[dict[str, Any]] = []

    def send_message_batch(self, *, Entries: list[Any], **_: Any) -> Any:  # noqa: N803
        refused, fault = self.script.pop(0) if self.script else (0, False)
        if isinstance(refused, Exception):
            raise refused
        self.taken += Entries[refused:]
        failed = [{"Id": e["Id"], "SenderFault": fault, "Code": "x"} for e in Entries[:refused]]
        return {"Failed": failed} if failed else {}

    def change_message_visibility_batch(self, *, Entries: list[Any], **_: Any) -> None:  # noqa: N803
        self.shown += Entries


def outgoing(count: int) -> list[Outgoing]:
    return [Outgoing(body=str(n), delay=lambda: 5000) for n in range(count)]


def test_what_sqs_refused_for_the_moment_is_sent_again() -> None:
    sqs = Sqs((4, False), (2, False))
    assert Queue(sqs, "url", sleep=no_sleep).send(outgoing(10)) == []
    assert sorted(int(entry["MessageBody"]) for entry in sqs.taken) == list(range(10))
    assert {entry["DelaySeconds"] for entry in sqs.taken} == {900}


def test_what_sqs_will_not_have_is_given_back() -> None:
    sqs = Sqs((2, True))
    refused = Queue(sqs, "url", sleep=no_sleep).send(outgoing(5))
    assert [message.body for message in refused] == ["0", "1"]
    stubborn = Sqs(*[(1, False)] * 9)
    assert len(Queue(stubborn, "url", sleep=no_sleep).send(outgoing(5))) == 1


def test_many_messages_go_in_batches_of_ten() -> None:
    sqs = Sqs()
    assert Queue(sqs, "url", sleep=no_sleep).send(outgoing(95)) == []
    assert len({entry["MessageBody"] for entry in sqs.taken}) == 95


def test_an_error_of_sqs_is_the_callers_to_judge() -> None:
    denied = ClientError({"Error": {"Code": "AccessDenied"}}, "SendMessageBatch")
    with pytest.raises(ClientError):
        Queue(Sqs((denied, False)), "url", sleep=no_sleep).send(outgoing(2))


def test_visibility_is_whole_and_within_sqss_bounds() -> None:
    sqs = Sqs()
    Queue(sqs, "url", sleep=no_sleep).hand_back({"a": 12.4, "b": 10**9, "c": -3.0})
    assert [(e["ReceiptHandle"], e["VisibilityTimeout"]) for e in sqs.shown] == [
        ("a", 12),
        ("b", 6 * 3600),
        ("c", 0),
    ]
