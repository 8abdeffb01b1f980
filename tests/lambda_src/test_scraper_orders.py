"""Many workers at once: whatever the order of completion, the row ends as the newest job says.

Jobs overlap by nesting: while one is fetching, other deliveries are worked from beginning to end,
so reads and writes interleave as two workers' would. Some deliveries are duplicates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools import Logger
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_src.scraper.batch import Batch
from lambda_src.scraper.budget import Budget
from lambda_src.scraper.delivery import Delivery
from lambda_src.scraper.metrics import Metrics
from pricemon.core import messages, runs
from pricemon.core.errors import GiveUp
from pricemon.core.model import Job, Known, Page, Product, Reading, Reason
from pricemon.core.outcomes import Evidence, conclude
from pricemon.core.settings import JudgeSettings, RetailerSettings, Settings
from tests.core.table_kit import moto_table, no_sleep, product

if TYPE_CHECKING:
    from pricemon.core.table import Table

AT = 1_800_000_000_000
SETTINGS = Settings(
    env="test", retailers={"shop-a": RetailerSettings(name="shop-a", hosts=("a.test",))}
)


class NoAftermath:
    """What follows a result is tested elsewhere."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: []


@dataclass
class Plan:
    """Deliveries in the order they begin; each is worked while the one above it is fetching.

    `steps` are (job, depth of nesting). Stands in for the scraper as well: what a job finds is
    given, and before it finds it, the deliveries nested in it are worked.
    """

    steps: list[tuple[int, int]]
    evidence: list[Evidence]
    work: Callable[[int], None] = lambda _: None
    committed: list[int] = field(default_factory=list)

    def run(self) -> None:
        while self.steps:
            self.work(self.steps.pop(0)[0])

    def fetching(self, depth: int) -> None:
        while self.steps and self.steps[0][1] > depth:
            self.work(self.steps.pop(0)[0])


def job(number: int, run_id: str = "") -> Job:
    """The jobs are numbered by their time."""
    return Job(
        product_id="p1", retailer="shop-a", url="u", run_id=run_id, requested_at=AT + number * 10
    )


class Workers:
    """A table, and as many workers as the plan nests."""

    def __init__(self, table: Table, plan: Plan, *, runs_of: Callable[[int], str]) -> None:
        self.table = table
        self.plan = plan
        self.runs_of = runs_of
        self.depth = 0
        self.current: list[int] = []
        plan.work = self.deliver

    def scrape(self, row: Product, *, deadline: float) -> Evidence:
        """What the batch asks of its scraper."""
        assert row.product_id == "p1"
        assert deadline
        number = self.current[-1]
        self.depth += 1
        self.plan.fetching(self.depth - 1)
        self.depth -= 1
        return self.plan.evidence[number]

    def deliver(self, number: int) -> None:
        self.current.append(number)
        content = job(number, self.runs_of(number))
        delivery = Delivery(message_id="m", handle="", receives=1, content=content)
        batch = Batch(
            settings=SETTINGS,
            table=self.table,
            scraper=self,  # type: ignore[arg-type]  # has the one method that is used
            aftermath=NoAftermath(),  # type: ignore[arg-type]  # has every method
            metrics=Metrics(""),
            logger=Logger(service="scraper", level="CRITICAL"),
            budget=Budget(60_000, sleep=no_sleep),
        )
        assert batch.process([delivery]) == {}
        self.current.pop()
        if number not in self.plan.committed:
            self.plan.committed.append(number)


def priced(price: int, currency: str = "EUR") -> Evidence:
    page = Page(url="u", status=200, body=b"", etag=f'"{price}"')
    return Evidence(page=page, reading=Reading(price=Decimal(price), currency=currency, source="x"))


FAILED = Evidence(error=GiveUp(Reason.HTTP_ERROR, "as it went", http_status=410))
GONE = Evidence(error=GiveUp(Reason.GONE, "as it went", http_status=404))
believable = st.sampled_from([priced(price) for price in (90, 100, 110, 120)])
anything = believable | st.sampled_from([priced(1), priced(0), priced(90, "USD"), FAILED, GONE])
JOBS = 6


def plans(evidence: st.SearchStrategy[Evidence]) -> st.SearchStrategy[Plan]:
    """Each job delivered once or twice, in any order, nested in any way."""
    once = st.permutations(range(JOBS))
    again = st.lists(st.integers(0, JOBS - 1), max_size=4)
    orders = st.tuples(once, again).flatmap(lambda both: st.permutations([*both[0], *both[1]]))
    steps = orders.flatmap(
        lambda order: st.lists(st.integers(0, 3), min_size=len(order), max_size=len(order)).map(
            lambda depths: list(zip(order, depths, strict=True))
        )
    )
    found = st.lists(evidence, min_size=JOBS, max_size=JOBS)
    return st.builds(Plan, steps=steps, evidence=found)


def work(table: Table, plan: Plan) -> Known:
    """Work the plan against an otherwise empty table; what is known in the end."""
    table.put_catalogue(new=[product("p1")])
    run_ids = [messages.fan_out(AT + number * 10) for number in range(JOBS)]
    for request in run_ids:
        runs.start(table, request)
    Workers(table, plan, runs_of=lambda number: run_ids[number].run_id).plan.run()
    row = table.get_product("p1")
    assert row is not None
    assert row.known is not None
    # each job was recorded once, and counted once in its run
    assert len(list(table.observations("p1"))) == JOBS
    for request in run_ids:
        run = runs.get(table, request.run_id)
        assert run is not None
        assert run.done + run.failed == 1
    return row.known


def in_turn(evidence: list[Evidence], order: list[int]) -> Known:
    """What is known when the jobs are done one after the other, the overtaken ones left out."""
    row = product("p1")
    for number in order:
        result = conclude(job(number), row, evidence[number], JudgeSettings())
        if result.known is not None:
            row = product("p1", known=result.known)
    assert row.known is not None
    return row.known


def newest_stands(plan: Plan) -> None:
    with moto_table() as table:
        known = work(table, plan)
    expected = in_turn(plan.evidence, list(range(JOBS)))
    for name in ("observed_at", "status", "price", "currency", "etag", "failures", "held"):
        assert getattr(known, name) == getattr(expected, name)


def as_in_turn(plan: Plan) -> None:
    with moto_table() as table:
        known = work(table, plan)
    assert known == in_turn(plan.evidence, plan.committed)
    assert known.observed_at == AT + (JOBS - 1) * 10


@settings(max_examples=15, deadline=None)
@given(plans(believable))
def test_the_newest_reading_stands_whatever_the_order(plan: Plan) -> None:
    newest_stands(plan)


@settings(max_examples=25, deadline=None)
@given(plans(anything))
def test_the_row_is_what_the_jobs_make_of_it_one_after_the_other(plan: Plan) -> None:
    """Held, confirmed, failed, gone: no interleaving gives what no sequence could."""
    as_in_turn(plan)


@pytest.mark.reliability
@settings(max_examples=200, deadline=None)
@given(plans(anything), plans(believable))
def test_hundreds_of_interleavings(any_plan: Plan, believable_plan: Plan) -> None:
    as_in_turn(any_plan)
    newest_stands(believable_plan)
