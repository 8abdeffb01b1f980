"""The paced fan-out, planned: over any stretch of time no shop gets more than its rate."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricemon.core import dispatch, messages
from pricemon.core.dispatch import MAX_DELAY, Lane, Lanes, Pace
from pricemon.core.model import Job, Known, Product, Status
from pricemon.core.runs import Run
from pricemon.core.settings import JudgeSettings, RetailerSettings, Settings

if TYPE_CHECKING:
    from pricemon.core.messages import FanOut

PAGE = 100
RUN = Run(run_id="run", started_at=1_800_000_000_000)
NOW = 1_800_000_000.25


@pytest.mark.parametrize(
    ("rate", "pace"),
    [
        (1.0, Pace(1, 1)),
        (5.0, Pace(5, 1)),
        (1.5, Pace(1, 1)),  # never above the rate, not even for a second
        (0.5, Pace(1, 2)),
        (0.3, Pace(1, 4)),
        (0.1, Pace(1, 10)),
        (0.7, Pace(1, 2)),
        (1000.0, Pace(1000, 1)),
    ],
)
def test_a_pace_is_whole_and_never_above_the_rate(rate: float, pace: Pace) -> None:
    assert Pace.of(rate) == pace
    assert pace.jobs / pace.seconds <= rate


def named(count: int, retailer: str = "shop-a") -> list[Product]:
    return [
        Product(product_id=f"p{n:06}", retailer=retailer, url=f"https://{retailer}.test/{n}")
        for n in range(count)
    ]


def source(products: list[Product], after: str) -> Iterator[Product]:
    start = int(after[1:]) + 1 if after else 0
    return iter(products[start : start + PAGE + 1])


class Simulation:
    """A queue with a clock: what is sent when, and from when on it can be seen."""

    def __init__(self, shops: dict[str, tuple[float, list[Product]]], *, seed: int = 0) -> None:
        self.shops = shops
        self.clock = NOW
        self.random = random.Random(seed)
        self.seen: dict[str, list[float]] = {name: [] for name in shops}
        self.sent: Counter[str] = Counter()
        self.delays: list[int] = []

    def chunk(self, lanes: Lanes, *, send: bool = True) -> None:
        """Plan the next chunk and send it, which takes time."""
        lane = lanes.first
        rate, products = self.shops[lane.retailer]
        chunk = dispatch.plan(
            lane,
            Pace.of(rate),
            source(products, lane.after),
            wants=lambda product: product.enabled,
            job=lambda product: dispatch.job_for(RUN, product),
            now=self.clock,
            page=PAGE,
        )
        for due in chunk.due if send else ():
            self.clock += self.random.uniform(0, 0.005)
            delay = due.delay(self.clock)
            self.delays.append(delay)
            self.seen[lane.retailer].append(self.clock + delay)
            self.sent[due.job.product_id] += 1
        lanes.advance(chunk.lane, ended=chunk.ended)

    def fan_out(self, lanes: Lanes, *, seconds: float) -> Lanes:
        """One invocation, from cursor to cursor; then the wait for the next."""
        lanes = Lanes.parse(lanes.cursor())
        ends = self.clock + seconds
        while lanes and self.clock < ends:
            if lanes.first.second > dispatch.horizon(self.clock):
                break
            self.chunk(lanes)
        if lanes:
            delay = dispatch.return_delay(lanes, self.clock)
            assert 0 <= delay <= MAX_DELAY
            self.clock += delay + self.random.uniform(0, 3)
        return lanes

    def run(self, *, seconds: float = 50) -> int:
        """Fan out to the end; returns the number of invocations."""
        lanes = Lanes(Lane(0, name) for name in self.shops)
        invocations = 0
        while lanes:
            lanes = self.fan_out(lanes, seconds=seconds)
            invocations += 1
        return invocations


def most_in(times: list[float], window: int) -> int:
    """The most arrivals in any stretch of `window` whole seconds.

    One every 50 s is a rate of 0.02, of which a stretch of 60 s sees two: the bound is rounded up.
    """
    by_second = Counter(math.floor(at) for at in times)
    most = current = 0
    for second in range(min(by_second), max(by_second) + 1):
        current += by_second[second] - by_second.get(second - window, 0)
        most = max(most, current)
    return most


def test_100_000_products_of_uneven_shops_at_no_more_than_their_rates() -> None:
    sizes = {"giant": (25.0, 60_000), "big": (20.0, 30_000), "brisk": (7.5, 9_000)}
    sizes |= {"slow": (0.3, 500), "crawl": (0.05, 40), "shy": (1.0, 459), "one": (2.0, 1)}
    simulation = Simulation(
        {name: (rate, named(count, name)) for name, (rate, count) in sizes.items()}
    )
    simulation.run()
    for name, (rate, count) in sizes.items():
        times = simulation.seen[name]
        assert len(times) == count
        for window in (1, 2, 7, 60, 900):
            assert most_in(times, window) <= math.ceil(rate * window), (name, window)
    assert max(simulation.delays) <= MAX_DELAY
    # … and the politeness costs no more than it must: the giant takes what its rate allows
    giant = simulation.seen["giant"]
    assert max(giant) - min(giant) <= 60_000 / 25 * 1.02


rates = st.sampled_from([0.02, 0.3, 0.9, 1.0, 1.5, 3.0, 10.0, 400.0])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(rates, st.integers(0, 700)), min_size=1, max_size=4),
    st.floats(0.01, 20),
    st.integers(0, 99),
)
def test_any_shops_any_time_limit(
    shops: list[tuple[float, int]], seconds: float, seed: int
) -> None:
    """Each product exactly once, none too early, however little time each invocation has."""
    named_shops = {f"s{n}": (rate, named(count, f"s{n}")) for n, (rate, count) in enumerate(shops)}
    simulation = Simulation(named_shops, seed=seed)
    simulation.run(seconds=seconds)
    for name, (rate, products) in named_shops.items():
        times = simulation.seen[name]
        assert len(times) == len(products)
        for window in (1, 5, 60) if times else ():
            assert most_in(times, window) <= math.ceil(rate * window)
    assert sum(simulation.sent.values()) == sum(count for _, count in shops)


def test_a_chunk_that_was_sent_but_not_saved_is_sent_again_as_it_was() -> None:
    """The one chunk that may be repeated repeats its jobs: the same product, the same time."""
    simulation = Simulation({"shop-a": (10.0, named(250))})
    lanes = Lanes([Lane(0, "shop-a")])
    simulation.chunk(lanes)
    saved = lanes.cursor()
    simulation.chunk(lanes)  # … and cut off before the cursor was saved
    resumed = Lanes.parse(saved)
    while resumed:
        simulation.chunk(resumed)
    assert simulation.sent == Counter({f"p{n:06}": 2 if 100 <= n < 200 else 1 for n in range(250)})
    jobs = {dispatch.job_for(RUN, product) for product in named(250) for _ in range(2)}
    assert len(jobs) == 250


def test_runs_at_the_same_time_share_a_shops_rate() -> None:
    simulation = Simulation({"shop-a": (2.0, named(100))})
    sweep = Lanes([Lane(0, "shop-a")])
    simulation.chunk(sweep)
    another = Lanes([Lane(0, "shop-a")]).not_before(sweep.busy)
    simulation.chunk(another)
    assert len(simulation.seen["shop-a"]) == 200
    assert most_in(simulation.seen["shop-a"], 1) == 2


def test_a_lane_that_ended_is_still_busy_for_others() -> None:
    lanes = Lanes([Lane(0, "shop-a")])
    Simulation({"shop-a": (1.0, named(50))}).chunk(lanes)
    assert not lanes
    assert lanes.busy == {"shop-a": math.floor(NOW) + dispatch.LEAD + 50}
    assert Lanes.parse(lanes.cursor()).busy == lanes.busy


def test_a_continuation_comes_back_before_the_lanes_run_dry() -> None:
    lanes = Lanes([Lane(math.floor(NOW) + 905, "shop-a")])
    assert dispatch.return_delay(lanes, NOW) == 904 - dispatch.RETURN_BEFORE
    assert dispatch.return_delay(Lanes([Lane(0, "shop-a")]), NOW) == 0
    assert dispatch.return_delay(Lanes([Lane(math.floor(NOW) + 9999, "s")]), NOW) == MAX_DELAY


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "[]", "{}", '{"open":[["a"]],"ended":{}}', '{"open":[],"ended":[]}', "null", "7"],
)
def test_what_is_no_cursor_says_so(cursor: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        Lanes.parse(cursor)


# -- which products --------------------------------------------------------------------------------

SETTINGS = Settings(
    env="test",
    retailers={
        "shop-a": RetailerSettings(name="shop-a", hosts=("a.test",)),
        "strict": RetailerSettings(name="strict", hosts=("b.test",), max_failures=3),
    },
    judge=JudgeSettings(max_failures=20),
)
EVERYTHING = messages.fan_out(1)


def product(retailer: str = "shop-a", known: Known | None = None, **fields: Any) -> Product:
    plain = Product(product_id="p1", retailer=retailer, url="https://a.test", tags=("audio",))
    return replace(plain, known=known, **fields)


def known(status: Status = Status.OK, failures: int = 0) -> Known:
    return Known(observed_at=1, status=status, failures=failures)


@pytest.mark.parametrize(
    ("candidate", "request_", "wanted"),
    [
        (product(), EVERYTHING, True),
        (product(known=known()), EVERYTHING, True),
        (product(known=known(Status.HELD)), EVERYTHING, True),
        (product(known=known(Status.FAILED, 19)), EVERYTHING, True),
        (product(known=known(Status.FAILED, 20)), EVERYTHING, False),
        (product("strict", known(Status.FAILED, 3)), EVERYTHING, False),
        (product("strict", known(Status.FAILED, 2)), EVERYTHING, True),
        (product(known=known(Status.GONE)), EVERYTHING, False),
        (product(enabled=False), EVERYTHING, False),
        (product(), messages.fan_out(1, retailer="shop-a"), True),
        (product(), messages.fan_out(1, retailer="strict"), False),
        (product(), messages.fan_out(1, tag="audio"), True),
        (product(), messages.fan_out(1, tag="video"), False),
        # a person who names a product means it
        (product(known=known(Status.GONE)), messages.fan_out(1, product_ids=("p1",)), True),
        (product(enabled=False), messages.fan_out(1, product_ids=("p1",)), True),
        (product(), messages.fan_out(1, product_ids=("p1",), tag="video"), False),
    ],
)
def test_which_products_a_run_scrapes(candidate: Product, request_: FanOut, wanted: bool) -> None:
    assert dispatch.wanted(request_, SETTINGS)(candidate) is wanted


def test_products_not_wanted_take_no_turn() -> None:
    products = [replace(p, enabled=n % 2 == 0) for n, p in enumerate(named(150))]
    simulation = Simulation({"shop-a": (1.0, products)})
    simulation.run()
    times = simulation.seen["shop-a"]
    assert len(times) == 75
    assert max(times) - min(times) < 76


def test_a_job_carries_what_a_conditional_request_needs() -> None:
    whole = replace(known(), etag='"1"', last_modified="then")
    job = dispatch.job_for(RUN, product(known=whole))
    assert job == Job(
        product_id="p1",
        retailer="shop-a",
        url="https://a.test",
        run_id="run",
        requested_at=RUN.started_at,
        etag='"1"',
        last_modified="then",
    )
