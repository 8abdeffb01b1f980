"""The demo shop: several retailers on loopback, each a real HTTP server on a port of its own.

    with Shop(seed=7, products=5300) as shop:
        shop.retailers()    what the config must say of them
        shop.catalogue()    what to import
        shop.advance()      the next day: prices move, some pages vanish
        shop.true_drops()   what a monitor must now have found

It behaves like shops do: some pages are slow, some fail once a day, some are gone, some have no
price; some retailers honour `If-None-Match`, some `If-Modified-Since`, some neither.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from types import TracebackType
from typing import Any, Self

from pricemon.local.shop_markup import View
from pricemon.local.shop_pages import PLATFORMS
from pricemon.local.shop_prices import Good, Trouble, TrueDrop, drops, prices, stock
from pricemon.local.shop_server import Answer, PageMaker, Server, not_found

SLOW_SECONDS = 1.0
RATE = 400.0
"""Requests a second that each retailer is content with; loopback has no shop to spare."""


class Shop:
    """The retailers, their stock, and what day it is. Nothing listens before `start`."""

    def __init__(self, seed: int = 1, products: int = 5300) -> None:
        self.seed = seed
        self.day = 0
        self.goods = stock(seed, products, len(PLATFORMS))
        self.answered: Counter[int] = Counter()
        """How many requests were answered with which status."""
        self._servers: list[Server] = []
        self._by_path: list[dict[str, Good]] = [{} for _ in PLATFORMS]
        self._failed_today: set[int] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._today: list[Decimal] = []
        self._makers = [PageMaker(platform) for platform in PLATFORMS]
        for good in self.goods:
            self._by_path[good.retailer][PLATFORMS[good.retailer].address(good)] = good
        self._set_day(0)

    def start(self) -> Self:
        """Listen on loopback, each retailer on a free port."""
        self._servers = [Server(partial(self._answer, index)) for index in range(len(PLATFORMS))]
        for server in self._servers:
            server.start()
        return self

    def stop(self) -> None:
        """Close every connection and port."""
        self._stopping.set()
        for server in self._servers:
            server.stop()
        self._servers = []

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def retailers(self) -> dict[str, dict[str, Any]]:
        """The `retailers` section of the monitor's config."""
        return {
            platform.name: {
                "hosts": [server.address],
                "rate": RATE,
                "concurrency": 8,
                "currency": platform.currency,
                "locale": platform.locale,
                "allow_private_addresses": True,
            }
            | ({"rule": dict(platform.rule)} if platform.rule else {})
            for platform, server in zip(PLATFORMS, self._servers, strict=True)
        }

    def catalogue(self) -> list[dict[str, str]]:
        """The products as rows of an import file."""
        return [
            {
                "product_id": product_id(good),
                "retailer": PLATFORMS[good.retailer].name,
                "url": self._url(good),
                "title": good.title,
                "tags": good.kind.lower().replace(" ", "-"),
            }
            for good in self.goods
        ]

    def advance(self) -> None:
        """Move to the next day."""
        self._set_day(self.day + 1)

    def true_drops(self) -> dict[str, TrueDrop]:
        """The day's true drops by product id, assuming that every day so far was read."""
        return {product_id(drop.good): drop for drop in drops(self.seed, self.goods, self.day)}

    def unreadable(self) -> dict[str, str]:
        """The products that can't be read today, with the reason a monitor should give."""
        return {
            product_id(good): "gone" if good.missing(self.day) else "no_price"
            for good in self.goods
            if not good.readable(self.day)
        }

    def price(self, good: Good) -> Decimal:
        """Today's price of `good`."""
        return self._today[good.number]

    def _set_day(self, day: int) -> None:
        today = [prices(self.seed, good, day)[-1] for good in self.goods]
        with self._lock:
            self.day, self._today = day, today
            self._failed_today.clear()

    def _url(self, good: Good) -> str:
        server = self._servers[good.retailer]
        return f"http://{server.address}{PLATFORMS[good.retailer].address(good)}"

    def _answer(self, retailer: int, path: str, headers: Mapping[str, str]) -> Answer:
        answer = self._page(retailer, path, headers)
        with self._lock:
            self.answered[answer.status] += 1
        return answer

    def _page(self, retailer: int, path: str, headers: Mapping[str, str]) -> Answer:
        if path == "/robots.txt":
            return Answer(
                200, b"User-agent: *\nDisallow: /cart\nDisallow: /account\n", "text/plain"
            )
        good = self._by_path[retailer].get(path)
        if good is None or good.missing(self.day):
            return not_found()
        if good.trouble is Trouble.SLOW:
            self._stopping.wait(SLOW_SECONDS)
        if good.trouble is Trouble.FLAKY and self._first_today(good):
            return Answer(500, b"<!doctype html><title>Error</title><h1>Something went wrong</h1>")
        view = View(
            good=good,
            url=self._url(good),
            price=None if good.trouble is Trouble.NO_PRICE else self.price(good),
            available=good.available(self.day),
        )
        return self._makers[retailer].answer(view, changed=self._changed(good), headers=headers)

    def _first_today(self, good: Good) -> bool:
        with self._lock:
            if good.number in self._failed_today:
                return False
            self._failed_today.add(good.number)
            return True

    def _changed(self, good: Good) -> int:
        """The last day on which the page of `good` changed."""
        course = prices(self.seed, good, self.day)
        return max(
            (
                day
                for day in range(1, self.day + 1)
                if course[day] != course[day - 1] or good.available(day) != good.available(day - 1)
            ),
            default=0,
        )


def product_id(good: Good) -> str:
    """The id under which the catalogue lists `good`."""
    return f"{PLATFORMS[good.retailer].name}-{good.number:05d}"
