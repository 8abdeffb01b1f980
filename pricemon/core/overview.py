"""The catalogue at a glance: how the products of each shop are doing. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pricemon.core.model import Product, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Counts of products. `ok`, `held`, `failed`, `gone` and `never` (scraped) add up to all.

    `stale` are those that are enabled and were last seen before the deadline, or never; `paused`
    those that failed so often in a row that they are no longer asked for.
    """

    products: int = 0
    ok: int = 0
    held: int = 0
    failed: int = 0
    gone: int = 0
    never: int = 0
    disabled: int = 0
    stale: int = 0
    paused: int = 0


def overview(products: Iterable[Product], *, seen_after: int, max_failures: int) -> Overview:
    """Count products; one last observed before `seen_after` (epoch ms) is stale.

    What is disabled, gone or paused is not expected to be fresh, and so never stale.
    """
    total = Overview()
    for product in products:
        total = _with(total, product, seen_after, max_failures)
    return total


def _with(total: Overview, product: Product, seen_after: int, max_failures: int) -> Overview:
    known = product.known
    state = "never" if known is None else str(known.status)
    paused = known is not None and known.failures >= max_failures
    asked = product.enabled and not paused and state != Status.GONE
    stale = asked and (known is None or known.observed_at < seen_after)
    counted = replace(
        total,
        products=total.products + 1,
        disabled=total.disabled + (not product.enabled),
        stale=total.stale + stale,
        paused=total.paused + paused,
    )
    return replace(counted, **{state: getattr(counted, state) + 1})
