"""One fan-out message: send the jobs of a sweep, as far as time and SQS's longest delay allow."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from lambda_src.scraper.queue import Outgoing
from pricemon.core import dispatch, messages, runs
from pricemon.core.dispatch import Lane, Lanes, Pace
from pricemon.core.errors import Retry
from pricemon.core.model import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from pricemon.core.attributes import MalformedItem
    from pricemon.core.messages import FanOut
    from pricemon.core.model import Product
    from pricemon.core.runs import Run
    from pricemon.core.settings import Settings
    from pricemon.core.table import Table

LEASE_MARGIN = 5
"""Seconds a lease outlives its holder's time, for clocks that differ."""
_RECENT_RUNS = 5
_DEFAULT_RATE = 1.0


class Sender(Protocol):
    """What a fan-out needs of a queue; `Queue` is one."""

    def send(self, messages: Iterable[Outgoing]) -> list[Outgoing]:
        """Send the messages; returns those that were not taken."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FanOuts:
    """Fans sweeps out. `clock` is in epoch seconds."""

    table: Table
    queue: Sender
    settings: Settings
    clock: Callable[[], float] = time.time
    page: int = dispatch.PAGE
    on_malformed: Callable[[MalformedItem], object] = lambda _: None

    def handle(self, request: FanOut, *, owner: str, seconds: float) -> Run:
        """Send what can be sent within `seconds`, and the message that continues if need be.

        Returns the run as it is then. Raises `Retry` if another worker is at it, or SQS fails.
        """
        ends = self.clock() + seconds
        run = runs.start(self.table, request)
        if run.fanned_out:
            return run
        until = round((ends + LEASE_MARGIN) * 1000)
        leased = runs.lease(
            self.table, run, owner=owner, now=round(self.clock() * 1000), until=until
        )
        if leased is None:
            raise Retry(Reason.INTERNAL, "another worker is fanning this run out", after=seconds)
        run = self._send_all(request, leased, owner, ends)
        runs.release(self.table, run, owner=owner)
        return run

    def _send_all(self, request: FanOut, run: Run, owner: str, ends: float) -> Run:
        source = self._source(request)
        wants = dispatch.wanted(request, self.settings)
        lanes = self._lanes(request, run)
        if not lanes:
            return self._save(run, owner, lanes, sent=0)
        while lanes and self.clock() < ends:
            lane, now = lanes.first, self.clock()
            if lane.second > dispatch.horizon(now):
                break
            chunk = dispatch.plan(
                lane,
                self._pace(lane.retailer),
                source(lane),
                wants=wants,
                job=partial(dispatch.job_for, run),
                now=now,
                page=self.page,
            )
            self._send([self._outgoing(due) for due in chunk.due])
            lanes.advance(chunk.lane, ended=chunk.ended)
            if chunk.due or not lanes:
                run = self._save(run, owner, lanes, sent=len(chunk.due))
        if lanes:
            self._continue(request, lanes)
        return run

    def _lanes(self, request: FanOut, run: Run) -> Lanes:
        """Where the run goes on, behind what other runs have put on the same shops' ways."""
        others = [r for r in runs.recent(self.table, limit=_RECENT_RUNS) if r.run_id != run.run_id]
        busy: dict[str, int] = {}
        # Someone who names products waits for them: one page is not held up for a whole sweep.
        if not request.product_ids:
            for other in others:
                for retailer, second in _busy(other).items():
                    busy[retailer] = max(second, busy.get(retailer, 0))
        if run.cursor is not None:
            return Lanes.parse(run.cursor).not_before(busy)
        return Lanes(Lane(0, name) for name in self._retailers(request)).not_before(busy)

    def _retailers(self, request: FanOut) -> set[str]:
        if request.product_ids:
            return {product.retailer for product in self._named(request)}
        return {request.retailer} if request.retailer else set(self.settings.retailers)

    def _source(self, request: FanOut) -> Callable[[Lane], Iterator[Product]]:
        if request.product_ids:
            named = sorted(self._named(request), key=lambda product: product.product_id)
            return lambda lane: (
                product
                for product in named
                if product.retailer == lane.retailer and product.product_id > lane.after
            )
        # One more than a page, to see whether it is the last, without a second call.
        return lambda lane: self.table.catalogue(
            lane.retailer,
            after=lane.after or None,
            page_size=self.page + 1,
            skip=self.on_malformed,
        )

    def _named(self, request: FanOut) -> Collection[Product]:
        found = self.table.get_products(request.product_ids, skip=self.on_malformed)
        return found.values()

    def _pace(self, retailer: str) -> Pace:
        settings = self.settings.retailers.get(retailer)
        return Pace.of(settings.rate if settings else _DEFAULT_RATE)

    def _outgoing(self, due: dispatch.Due) -> Outgoing:
        return Outgoing(body=messages.job_body(due.job), delay=lambda: due.delay(self.clock()))

    def _send(self, outgoing: Sequence[Outgoing]) -> None:
        if outgoing and (refused := self.queue.send(outgoing)):
            raise Retry(Reason.INTERNAL, f"SQS would not take {len(refused)} jobs of the run")

    def _save(self, run: Run, owner: str, lanes: Lanes, *, sent: int) -> Run:
        saved = runs.advance(
            self.table, run, owner=owner, cursor=lanes.cursor(), sent=sent, fanned_out=not lanes
        )
        if saved is None:
            raise Retry(Reason.INTERNAL, "another worker took this run over")
        return saved

    def _continue(self, request: FanOut, lanes: Lanes) -> None:
        delay = dispatch.return_delay(lanes, self.clock())
        body = messages.fan_out_body(replace(request, cursor=lanes.cursor()))
        self._send([Outgoing(body=body, delay=lambda: delay)])


def _busy(run: Run) -> dict[str, int]:
    try:
        return Lanes.parse(run.cursor).busy if run.cursor else {}
    except ValueError:
        return {}
