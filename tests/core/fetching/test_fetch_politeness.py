"""A fetch keeps to what a shop allows, and leaves it alone when it has had enough."""

import threading

import pytest

from pricemon.core.errors import GiveUp, JobError, Retry
from pricemon.core.fetching.circuit import COOL_DOWN, Circuit
from pricemon.core.fetching.pacing import Gate
from pricemon.core.model import Reason


def reason_of(fetch, *args, **kwargs):
    with pytest.raises(JobError) as caught:
        fetch(*args, **kwargs)
    return type(caught.value), caught.value.reason


# --- robots.txt -------------------------------------------------------------------------------


def rules(*lines):
    return lambda call: call.reply("\n".join(lines))


def test_robots_is_asked_once_and_honoured(bench):
    """Allowed paths are fetched, disallowed ones given up unasked; the file is fetched once."""
    bench.shop.answers["/robots.txt"] = rules("User-agent: *", "Disallow: /private")
    bench.fetch(robots=True)
    bench.fetch("/q", robots=True)
    assert reason_of(bench.fetch, "/private/p", robots=True) == (GiveUp, Reason.ROBOTS)
    assert bench.shop.asked == ["/robots.txt", "/p", "/q"]


def test_robots_rules_for_us_beat_the_general_ones(bench):
    """The group of our product token applies, whatever `*` says."""
    bench.shop.answers["/robots.txt"] = rules(
        "User-agent: *", "Disallow: /", "User-agent: PriceMon", "Disallow: /q"
    )
    assert bench.fetch(robots=True).status == 200
    assert reason_of(bench.fetch, "/q", robots=True) == (GiveUp, Reason.ROBOTS)


def test_robots_can_be_switched_off_by_retailer(bench):
    """A shop that has agreed otherwise is not asked."""
    bench.shop.answers["/robots.txt"] = rules("User-agent: *", "Disallow: /")
    assert bench.fetch(robots=False).status == 200
    assert bench.shop.asked == ["/p"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_robots_that_does_not_exist_allows(bench, status):
    """RFC 9309 §2.3.1.3: unavailable means no rules."""
    bench.shop.answers["/robots.txt"] = lambda call: call.reply("", status)
    assert bench.fetch(robots=True).status == 200


@pytest.mark.parametrize(
    "answer",
    [
        lambda call: call.reply("", 500),
        lambda call: call.reply("", 429),
        lambda call: call.reset(),
        lambda call: call.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nUser-agent: *"),
        lambda call: call.reply("not packed", Content_Encoding="gzip"),
    ],
    ids=["500", "429", "reset", "cut", "corrupt"],
)
def test_robots_that_cannot_be_had_disallows_for_now(bench, answer):
    """RFC 9309 §2.3.1.4: unreachable means stay away, so the job waits in the queue. The failure
    is remembered for a minute, then the file is asked for again."""
    bench.shop.answers["/robots.txt"] = [answer, rules("User-agent: *", "Allow: /")]
    assert reason_of(bench.fetch, robots=True) == (Retry, Reason.ROBOTS)
    assert reason_of(bench.fetch, robots=True) == (Retry, Reason.ROBOTS)
    assert bench.shop.asked == ["/robots.txt"]
    bench.clock.now += 61
    assert bench.fetch(robots=True).status == 200


def test_robots_is_renewed_after_a_day(bench):
    """RFC 9309 §2.4: a copy is good for a day."""
    bench.fetch(robots=True)
    bench.clock.now += 86_401
    bench.fetch(robots=True)
    assert bench.shop.asked == ["/robots.txt", "/p", "/robots.txt", "/p"]


def test_robots_redirect_is_followed_at_the_shop_only(bench, shops):
    """Within the retailer's hosts a redirect is followed; one that leaves them counts as no file,
    and the stranger is not asked."""
    other = shops()
    bench.shop.answers["/robots.txt"] = lambda call: call.reply("", 301, Location="/r.txt")
    bench.shop.answers["/r.txt"] = [
        rules("User-agent: *", "Disallow: /p"),
        lambda call: call.reply("", 301, Location=other.url("/robots.txt")),
    ]
    assert reason_of(bench.fetch, robots=True) == (GiveUp, Reason.ROBOTS)
    bench.clock.now += 86_401
    assert bench.fetch(robots=True).status == 200
    assert other.calls == []


def test_robots_of_each_hop_is_honoured(bench):
    """A redirect from an allowed page does not open a disallowed one."""
    bench.shop.answers["/robots.txt"] = rules("User-agent: *", "Disallow: /private")
    bench.shop.answers["/p"] = lambda call: call.reply("", 302, Location="/private")
    assert reason_of(bench.fetch, robots=True) == (GiveUp, Reason.ROBOTS)
    assert "/private" not in bench.shop.asked


def test_robots_over_the_size_limit_is_cut(bench):
    """The first 512 KiB are obeyed, the rest is neither read nor held against the shop."""
    bench.shop.answers["/robots.txt"] = lambda call: call.reply(
        "User-agent: *\nDisallow: /private\n" + "# chatter\n" * 100_000 + "Disallow: /p\n"
    )
    assert bench.fetch(robots=True).status == 200
    assert reason_of(bench.fetch, "/private", robots=True) == (GiveUp, Reason.ROBOTS)


def test_robots_of_any_bytes_is_survived(bench):
    """A robots.txt that is no text forbids nothing and breaks nothing."""
    bench.shop.answers["/robots.txt"] = lambda call: call.reply(bytes(range(256)) * 20)
    assert bench.fetch(robots=True).status == 200


def test_robots_is_asked_once_by_many_threads(bench):
    """Threads that meet a new host together wait for one robots.txt."""
    together(8, lambda n: bench.fetch(f"/{n}", robots=True, concurrency=8))
    assert bench.shop.asked.count("/robots.txt") == 1


def test_crawl_delay_spaces_the_requests(bench):
    """The host's Crawl-delay is the least time between two pages, if the rate allows more."""
    bench.shop.answers["/robots.txt"] = rules("User-agent: *", "Crawl-delay: 4")
    bench.fetch(robots=True)
    bench.fetch("/q", robots=True)
    assert sum(bench.clock.slept) == pytest.approx(4)


def test_crawl_delay_beyond_the_deadline_goes_back_to_the_queue(bench):
    """A delay of an hour is respected by coming back, not by sleeping."""
    bench.shop.answers["/robots.txt"] = rules("User-agent: *", "Crawl-delay: 3600")
    bench.fetch(robots=True)
    with pytest.raises(Retry) as caught:
        bench.fetch("/q", robots=True)
    assert caught.value.reason == Reason.RATE_LIMITED
    assert caught.value.after == pytest.approx(3600)
    assert bench.clock.slept == []


# --- pacing -----------------------------------------------------------------------------------


def together(count, work):
    """Run `work(0)` … `work(count - 1)` on a thread each; what they return or raise, in order."""
    results: list[object] = [None] * count

    def run(n):
        try:
            results[n] = work(n)
        except JobError as error:
            results[n] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_rate_spaces_one_retailers_requests(bench):
    """Two per second: the third page starts a second after the first."""
    for path in ("/a", "/b", "/c"):
        bench.fetch(path, rate=2.0)
    assert bench.clock.slept == pytest.approx([0.5, 0.5])


def test_retailers_do_not_wait_for_each_other(bench):
    """A slow retailer's turn is its own."""
    bench.fetch(rate=0.001)
    bench.fetch(name="other", rate=0.001)
    assert bench.clock.slept == []


def test_concurrency_is_bounded_by_retailer(bench):
    """With a concurrency of two, a third request waits until one of the first is done."""
    both_in = threading.Barrier(2, timeout=30)
    inside, most = [], []

    def answer(call):
        inside.append(call)
        most.append(len(inside))
        both_in.wait()
        inside.remove(call)
        call.reply("x")

    bench.shop.answers["*"] = answer
    statuses = together(6, lambda n: bench.fetch(f"/{n}", concurrency=2).status)
    assert statuses == [200] * 6
    assert max(most) == 2


def test_gate_that_stays_full_gives_up_waiting(clock):
    """A turn that does not come before the deadline is not waited for."""
    gate = Gate(1, 0.0, clock=clock, sleep=clock.sleep)
    with (
        gate.turn(deadline=clock() + 10),
        pytest.raises(Retry) as caught,
        gate.turn(deadline=clock() + 0.01),
    ):
        pass
    assert caught.value.reason == Reason.RATE_LIMITED
    with gate.turn(deadline=clock() + 10):
        pass


def test_retry_after_holds_the_other_jobs_of_the_shop_as_well(bench):
    """When a shop asks one job to wait, the next job does not ask it in the meantime."""
    bench.shop.answers["/p"] = lambda call: call.reply("", 429, Retry_After="30")
    reason_of(bench.fetch)
    with pytest.raises(Retry) as caught:
        bench.fetch("/q", left=20.0)
    assert caught.value.after == pytest.approx(30)
    assert bench.shop.asked == ["/p"]


# --- circuit ----------------------------------------------------------------------------------


def refuse_times(bench, times, status=403):
    bench.shop.answers["*"] = lambda call: call.reply("", status)
    for _ in range(times):
        with pytest.raises(JobError):
            bench.fetch()


@pytest.mark.parametrize("status", [403, 429])
def test_run_of_refusals_opens_the_circuit(bench, status):
    """Five in a row, and the host is not asked any more; the job says until when."""
    refuse_times(bench, 5, status)
    asked = len(bench.shop.calls)
    with pytest.raises(Retry) as caught:
        bench.fetch()
    assert caught.value.reason == Reason.CIRCUIT_OPEN
    assert caught.value.after == pytest.approx(COOL_DOWN, abs=1.5)
    assert len(bench.shop.calls) == asked == 5


def test_other_hosts_are_not_affected(bench, shops):
    """The circuit is the host's, not the worker's."""
    refuse_times(bench, 6)
    other = shops()
    page = bench.fetch(url=other.url(), retailer=other.retailer(name="other"))
    assert page.status == 200


def test_good_answer_ends_a_run(bench):
    """Four refusals, a page, four refusals: no run of five."""
    refuse_times(bench, 4)
    bench.shop.answers["*"] = lambda call: call.reply("x")
    bench.fetch()
    refuse_times(bench, 4)
    bench.shop.answers["*"] = lambda call: call.reply("x")
    assert bench.fetch().status == 200


def test_circuit_closes_after_a_good_probe(bench):
    """After the cool-down one request goes through, and all is well again."""
    refuse_times(bench, 5)
    bench.shop.answers["*"] = lambda call: call.reply("x")
    bench.clock.now += COOL_DOWN
    assert [bench.fetch().status, bench.fetch().status] == [200, 200]


def test_circuit_opens_again_after_a_bad_probe(bench):
    """The probe's refusal costs one request, not five."""
    refuse_times(bench, 5)
    bench.clock.now += COOL_DOWN
    assert reason_of(bench.fetch) == (Retry, Reason.BLOCKED)
    assert reason_of(bench.fetch) == (Retry, Reason.CIRCUIT_OPEN)
    assert len(bench.shop.calls) == 6


def test_only_one_probe_goes_out_at_a_time(clock):
    """While the probe is under way the others wait; one that never reports delays, not bars."""
    circuit = Circuit(1, clock=clock)
    circuit.record("h", 403)
    clock.now += COOL_DOWN
    circuit.check("h", claim=False)
    circuit.check("h")
    with pytest.raises(Retry):
        circuit.check("h")
    clock.now += COOL_DOWN
    circuit.check("h")


def test_circuit_stays_open_for_as_long_as_the_host_asked(clock):
    """A Retry-After beyond the cool-down counts."""
    circuit = Circuit(1, clock=clock)
    circuit.record("h", 429, after=900.0)
    clock.now += 899
    with pytest.raises(Retry) as caught:
        circuit.check("h")
    assert caught.value.after == pytest.approx(1.0)
