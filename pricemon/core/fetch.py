"""A URL of a retailer's → its page: politely, within bounds, and nowhere it should not go.

This module is the policy: what is asked, in which order, how often. How a request is made safe and
bounded is `core.transport` and `core.connections`; what it says and what its answer means is
`core.visit`; who may be asked when is `core.robots`, `core.circuit` and `core.pacing`.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pricemon.core import backoff
from pricemon.core.errors import GiveUp, Retry
from pricemon.core.fetching import addresses, connections, transport
from pricemon.core.fetching.circuit import Circuit
from pricemon.core.fetching.pacing import Gate
from pricemon.core.fetching.robots import MAX_BYTES as ROBOTS_MAX_BYTES
from pricemon.core.fetching.robots import Robots
from pricemon.core.fetching.visit import Visit
from pricemon.core.model import Page, Reason

if TYPE_CHECKING:
    import urllib3

    from pricemon.core.settings import FetchSettings, RetailerSettings
    from pricemon.core.urls import Target

_HEALS = frozenset(
    {
        Reason.TIMEOUT,
        Reason.CONNECTION,
        Reason.DNS,
        Reason.TLS,
        Reason.BAD_ENCODING,
        Reason.HTTP_ERROR,
        Reason.RATE_LIMITED,
    }
)
"""What may be different a second later. The other reasons for `Retry` need the queue's patience."""


@dataclass(frozen=True, slots=True)
class _Site:
    """What one retailer's fetches share."""

    pools: urllib3.PoolManager
    gate: Gate
    proxied: bool


class Fetcher:
    """Fetches pages. Thread-safe; keep one for as long as the worker lives.

    It remembers connections, robots.txt files, open circuits and whose turn it is, so a second
    Fetcher beside it would ask shops twice as often. `resolve_secret` reads a parameter by name
    (the `/path` of a proxy `ssm:/path`). The remaining arguments exist to be replaced in tests;
    `clock` is in the terms of `deadline`, `ca_file` names the trusted certificates instead of the
    system's.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        environ: Mapping[str, str] = os.environ,
        resolve_secret: Callable[[str], str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        resolve: addresses.Resolver = addresses.system_resolver,
        ca_file: str | None = None,
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._resolve_secret = resolve_secret
        self._clock = clock
        self._wall_clock = wall_clock
        self._sleep = sleep
        self._jitter = jitter
        self._resolve = resolve
        self._tls = connections.tls_context(ca_file)
        self._circuit = Circuit(settings.circuit_failures, clock=clock)
        self._robots = Robots(settings.user_agent, clock=clock)
        self._sites: dict[str, _Site] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept connections."""
        with self._lock:
            for site in self._sites.values():
                site.pools.clear()
            self._sites.clear()

    def fetch(
        self,
        url: str,
        retailer: RetailerSettings,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        deadline: float,
    ) -> Page:
        """Fetch one page; with validators, conditionally (`Page.not_modified`).

        `deadline` is in `time.monotonic()` seconds; nothing sleeps or reads past it. Raises `Retry`
        for what may heal, after `FetchSettings.retries` further attempts as far as time allows, and
        `GiveUp` for what will not; both name a `Reason` and hold no secrets.
        """
        visit = Visit.begin(
            url, retailer, etag=etag, last_modified=last_modified, deadline=deadline
        )
        for attempt in range(self._settings.retries):
            began = self._clock()
            try:
                return self._attempt(visit)
            except Retry as error:
                spent = self._clock() - began >= self._settings.total_timeout
                # A host that uses up all its time is a tarpit; it does not get it twice.
                tarpit = error.reason == Reason.TIMEOUT and spent
                if tarpit or error.reason not in _HEALS:
                    raise
                self._wait(error, attempt, deadline)
        return self._attempt(visit)

    def _wait(self, error: Retry, attempt: int, deadline: float) -> None:
        """Sleep before the next attempt, or hand the job back if that would take too long.

        A worker that sleeps through a long Retry-After keeps a thread, and a bill, for nothing.
        """
        settings = self._settings
        wait = error.after
        if wait is None:
            wait = backoff.full_jitter(
                attempt, base=settings.backoff, cap=settings.backoff_cap, random=self._jitter
            )
        if wait > settings.backoff_cap or self._clock() + wait >= deadline:
            raise Retry(error.reason, error.detail, http_status=error.http_status, after=wait)
        self._sleep(wait)

    def _attempt(self, visit: Visit) -> Page:
        site = self._site(visit.retailer)
        self._circuit.check(visit.start.authority, claim=False)
        delay = self._permission(site, visit, visit.start)
        with site.gate.turn(deadline=visit.deadline, delay=delay):
            began = self._clock()
            target, response = self._follow(site, visit)
            elapsed = self._clock() - began
        after = self._retry_after(response.headers)
        return visit.page(target, response, elapsed=elapsed, after=after)

    def _permission(self, site: _Site, visit: Visit, target: Target) -> float:
        """Ask robots.txt about a target; returns its Crawl-delay in seconds."""
        if visit.for_robots or not visit.retailer.robots:
            return 0.0

        def load(address: Target) -> tuple[int, bytes]:
            errand = replace(visit, start=address, validators={}, for_robots=True)
            _, response = self._follow(site, errand)
            return response.status, response.body

        return self._robots.check(target, load, deadline=visit.deadline)

    def _follow(self, site: _Site, visit: Visit) -> tuple[Target, transport.Response]:
        """Request, and follow redirects by hand: each hop is as suspect as the first."""
        target = visit.start
        expires = min(self._clock() + self._settings.total_timeout, visit.deadline)
        seen: set[tuple[str, str]] = set()
        for _ in range(self._settings.max_redirects + 1):
            # The same URL with a new cookie is progress: shops set one and send you round again.
            state = (target.url, visit.cookies.header(target))
            if state in seen:
                raise GiveUp(Reason.REDIRECTS, f"{target.shown} redirects in a circle")
            seen.add(state)
            if not visit.for_robots:
                self._circuit.check(target.authority)
            self._permission(site, visit, target)
            response = self._request(site, visit, target, expires)
            following = visit.redirect(target, response)
            if following is None:
                return target, response
            target = following
        limit = self._settings.max_redirects
        raise GiveUp(Reason.REDIRECTS, f"{visit.start.shown} redirects more than {limit} times")

    def _request(
        self, site: _Site, visit: Visit, target: Target, expires: float
    ) -> transport.Response:
        settings = self._settings
        allow_private = visit.retailer.allow_private_addresses
        if site.proxied and addresses.is_literal(target.host):
            # The proxy will connect, so this is the only chance to check.
            addresses.check(target.host, [target.host], allow_private=allow_private)

        def on_headers(raw: urllib3.BaseHTTPResponse) -> None:
            visit.cookies.keep(raw, target)
            after = self._retry_after(raw.headers)
            self._circuit.record(target.authority, raw.status, after=after)
            if raw.status == HTTPStatus.TOO_MANY_REQUESTS and after:
                site.gate.hold(after)

        return transport.get(
            site.pools,
            target,
            visit.headers(target, settings.user_agent),
            connections.Exchange(
                clock=self._clock,
                deadline=expires,
                connect_timeout=settings.connect_timeout,
                read_timeout=settings.read_timeout,
                resolve=self._resolve,
                allow_private=allow_private,
                proxied=site.proxied,
            ),
            limit=ROBOTS_MAX_BYTES if visit.for_robots else settings.max_bytes,
            on_headers=on_headers,
            cut=visit.for_robots,
        )

    def _retry_after(self, headers: Mapping[str, str]) -> float | None:
        return backoff.retry_after(
            headers.get("retry-after"), now=self._wall_clock(), date=headers.get("date")
        )

    def _site(self, retailer: RetailerSettings) -> _Site:
        with self._lock:
            site = self._sites.get(retailer.name)
        if site is None:
            # Outside the lock: a proxy's secret may take a while, and only this retailer needs it.
            opened = self._open(retailer)
            with self._lock:
                site = self._sites.setdefault(retailer.name, opened)
        return site

    def _open(self, retailer: RetailerSettings) -> _Site:
        proxy = self._proxy(retailer.proxy) if retailer.proxy else None
        try:
            pools = connections.pools(tls=self._tls, size=retailer.concurrency, proxy=proxy)
        except ValueError as error:
            raise GiveUp(
                Reason.INTERNAL, f"the proxy in {retailer.proxy} is unusable: {error}"
            ) from None
        interval = 1 / retailer.rate if retailer.rate > 0 else 0.0
        gate = Gate(retailer.concurrency, interval, clock=self._clock, sleep=self._sleep)
        return _Site(pools, gate, proxied=proxy is not None)

    def _proxy(self, name: str) -> str:
        """The proxy's URL, a secret, by the name of what holds it."""
        path = name.removeprefix("ssm:")
        if path == name:
            value = self._environ.get(name)
        elif self._resolve_secret is None:
            raise GiveUp(Reason.INTERNAL, f"the proxy in {name} cannot be looked up here")
        else:
            try:
                value = self._resolve_secret(path)
            except Exception:  # noqa: BLE001 - the caller's function; its error may quote the secret
                raise Retry(Reason.INTERNAL, f"the proxy in {name} could not be read") from None
        if not value:
            raise GiveUp(Reason.INTERNAL, f"the proxy in {name} is not set")
        return value
