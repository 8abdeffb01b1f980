"""The on-failure queue's messages, replayed: read → changes → the processor → deleted.

The changes of all messages are sorted into one lane for each product, in the order of time, and
each lane is a call of its own: what one product's record does to the function harms no other. A
message is deleted when every change that it stands for was handled, and not before; a record that
the processor refuses again it has put into the queue again itself.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from pricemon.core import dead_letters
from pricemon.core.errors import GiveUp, PricemonError
from pricemon.core.replaying import failures, stream
from pricemon.core.replaying.failures import Range, Window
from pricemon.core.replaying.invoking import Answer

if TYPE_CHECKING:
    from pricemon.core.dead_letters import DeadLetter
    from pricemon.core.replaying.failures import Record
    from pricemon.core.replaying.invoking import Function
    from pricemon.core.replaying.rebuilt import Archive

WORKERS = 4
"""Calls at the same time: few beside those that the stream itself makes."""

_HOPELESS = 3
"""Products that failed, and none that did not, after which the others are not tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Messages that are replayed together, and their changes.

    `source` is where those came from: `message`, `stream` or `archive`. With a `problem` the
    messages stay in the queue, whatever is handled.
    """

    letters: tuple[DeadLetter, ...]
    source: str
    records: Sequence[Record] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A message that stays in the queue, and why."""

    letter: DeadLetter
    problem: str


@dataclass(slots=True, kw_only=True)
class Report:
    """What a replay did: messages done with, changes handled, and messages that stay.

    `refused` are records that the processor put into the queue once more.
    """

    replayed: int = 0
    changes: int = 0
    refused: int = 0
    left: list[Left] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The on-failure queue, and all that it takes to replay what is in it. Clients are boto3's."""

    sqs: Any
    queue_url: str
    streams: Any
    archive: Archive
    function: Function

    def rehearse(self, select: Callable[[DeadLetter], bool], limit: int | None) -> list[Task]:
        """Find out what would be replayed, and from where."""
        with dead_letters.look(self.sqs, self.queue_url) as walk:
            return self._prepare(walk, select, limit)

    def run(
        self,
        select: Callable[[DeadLetter], bool],
        limit: int | None,
        on_lane: Callable[[int, int], None] = lambda *_: None,
    ) -> Report:
        """Replay the selected messages, at most `limit`, and delete those that are done with."""
        # All are read before the first is replayed: what is refused again is not tried again.
        with dead_letters.look(self.sqs, self.queue_url) as walk:
            tasks = self._prepare(walk, select, limit)
            report = perform(
                tasks,
                self.function,
                delete=lambda gone: dead_letters.delete(self.sqs, self.queue_url, gone),
                on_lane=on_lane,
            )
            report.refused = self._refused(tasks) if report.changes else 0
        return report

    def _prepare(
        self,
        walk: Iterable[DeadLetter],
        select: Callable[[DeadLetter], bool],
        limit: int | None,
    ) -> list[Task]:
        chosen = islice(filter(select, walk), limit)
        return prepare(chosen, streams=self.streams, archive=self.archive)

    def _refused(self, tasks: Sequence[Task]) -> int:
        """How many records are in the queue again, as messages that were not there before."""
        old = {letter.message_id for task in tasks for letter in task.letters}
        names = {failures.name(record) for task in tasks for record in task.records}
        there = dead_letters.letters(self.sqs, self.queue_url)
        return sum(
            letter.message_id not in old and failures.name_of(letter) in names for letter in there
        )


def prepare(letters: Iterable[DeadLetter], *, streams: Any, archive: Archive) -> list[Task]:
    """Find the changes that the messages stand for; nothing is called, and nothing deleted."""
    tasks: list[Task] = []
    lost: list[tuple[DeadLetter, Window]] = []
    for letter in sorted(letters, key=lambda letter: (letter.sent_at, letter.message_id)):
        try:
            found = failures.parse(letter)
            if isinstance(found, Window):
                lost.append((letter, found))
            elif isinstance(found, Range):
                records = stream.changes(streams, found)
                tasks.append(Task(letters=(letter,), source="stream", records=records))
            else:
                tasks.append(Task(letters=(letter,), source="message", records=(found,)))
        except stream.Gone as gone:
            lost.append((letter, gone.window))
        except GiveUp as error:
            tasks.append(Task(letters=(letter,), source="message", problem=error.detail))
        except PricemonError as error:
            tasks.append(Task(letters=(letter,), source="stream", problem=error.message))
    return tasks + [_from_archive(archive, *group) for group in merged(lost)]


def merged(
    lost: Iterable[tuple[DeadLetter, Window]],
) -> Iterator[tuple[tuple[DeadLetter, ...], Window]]:
    """Windows that overlap as one: Lambda halves a batch that fails, into many. Pure."""
    groups: dict[str | None, list[tuple[list[DeadLetter], Window]]] = defaultdict(list)
    for letter, window in sorted(lost, key=lambda pair: pair[1].since):
        group = groups[window.product_id]
        if group and window.since <= group[-1][1].until:
            letters, wide = group.pop()
            until = max(wide.until, window.until)
            wider = Window(since=wide.since, until=until, product_id=window.product_id)
            group.append(([*letters, letter], wider))
        else:
            group.append(([letter], window))
    for group in groups.values():
        yield from ((tuple(letters), window) for letters, window in group)


def _from_archive(archive: Archive, letters: tuple[DeadLetter, ...], window: Window) -> Task:
    rebuilt = archive.changes(window)
    problem = ""
    if rebuilt.problems:
        first = rebuilt.problems[0]
        problem = f"a part of the archive could not be read: {first.object} {first.problem}"
    elif not rebuilt.observations:
        problem = "neither the stream nor the archive has these changes any more"
    return Task(letters=letters, source="archive", records=rebuilt.records, problem=problem)


def perform(
    tasks: Sequence[Task],
    function: Function,
    *,
    delete: Callable[[Sequence[DeadLetter]], None],
    on_lane: Callable[[int, int], None] = lambda *_: None,
) -> Report:
    """Have the changes handled, and `delete` each task's messages when all of its changes are.

    `on_lane` hears how many products are done, of how many.
    """
    report = Report()
    problems = {place: task.problem for place, task in enumerate(tasks) if task.problem}
    lanes = _lanes(tasks)
    waiting = Counter(place for lane in lanes for place in {place for place, _ in lane})

    def finish(place: int) -> None:
        if place not in problems:
            delete(tasks[place].letters)
            report.replayed += len(tasks[place].letters)

    for place in range(len(tasks)):
        if not waiting[place]:
            finish(place)
    for number, (lane, answer) in enumerate(_called(lanes, function), 1):
        report.changes += answer.handled
        for place, _ in lane[answer.handled :]:
            problems.setdefault(place, answer.problem)
        for place in {place for place, _ in lane}:
            waiting[place] -= 1
            if not waiting[place]:
                finish(place)
        on_lane(number, len(lanes))
    report.left = [
        Left(letter=letter, problem=problems[place])
        for place in sorted(problems)
        for letter in tasks[place].letters
    ]
    return report


_Lane = list[tuple[int, "Record"]]
"""A product's changes in their order, each with the place of its task."""


def _lanes(tasks: Sequence[Task]) -> list[_Lane]:
    lanes: dict[str, _Lane] = defaultdict(list)
    for place, task in enumerate(tasks):
        for record in task.records:
            lanes[record["dynamodb"]["Keys"]["product_id"]["S"]].append((place, record))
    return [sorted(lane, key=lambda pair: _observed_at(pair[1])) for lane in lanes.values()]


def _observed_at(record: Record) -> int:
    """When the change was observed: the one order that stream and archive have in common."""
    observed = (record["dynamodb"].get("NewImage") or {}).get("observed_at", {})
    text = str(observed.get("N", ""))
    return int(text) if text.isdigit() else 0


def _called(lanes: Sequence[_Lane], function: Function) -> Iterator[tuple[_Lane, Answer]]:
    """The lanes with the function's answers, as they come."""
    lock = threading.Lock()
    outcomes: Counter[bool] = Counter()  # by whether anything was handled

    def call(lane: _Lane) -> Answer:
        with lock:
            if outcomes[False] >= _HOPELESS and not outcomes[True]:
                return Answer(handled=0, problem="not tried, as all before it failed")
        answer = function.handle([record for _, record in lane])
        with lock:
            outcomes[answer.handled > 0] += 1
        return answer

    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="replay")
    try:
        calls = {pool.submit(call, lane): lane for lane in lanes}
        for done in as_completed(calls):
            yield calls[done], done.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
