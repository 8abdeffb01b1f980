"""The demo's accounts, pure: alerts against true drops, dead letters against the shop's troubles.

The shop's list is the truth. An alert is right when product, reference price and new price are
those of a true drop; everything else is false, and every true drop without a right alert is missed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from pricemon.core.dead_letters import DeadLetter
    from pricemon.core.model import Alert
    from pricemon.local.shop_prices import TrueDrop


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One product: what the shop knows and what was alerted. `verdict`: found, missed or false."""

    product_id: str
    title: str | None
    verdict: str
    shop: tuple[Decimal, Decimal] | None = None
    """Reference price and price."""
    alert: tuple[Decimal | None, Decimal] | None = None
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The alerts beside the true drops. `repeated` counts deliveries of an alert already had."""

    lines: tuple[Line, ...]
    repeated: int = 0

    def count(self, verdict: str) -> int:
        """How many lines have that verdict."""
        return sum(line.verdict == verdict for line in self.lines)

    @property
    def true_drops(self) -> int:
        """How many drops there were to find."""
        return sum(line.shop is not None for line in self.lines)

    @property
    def right(self) -> bool:
        """Every true drop found, and nothing else."""
        return self.count("found") == len(self.lines)

    def sentence(self) -> str:
        """The line by which the demo is judged."""
        return (
            f"drops found {self.count('found')} of {self.true_drops}, false {self.count('false')}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """What became of the failed jobs.

    `failed` is what the runs counted, `reasons` what the dead-letter queue says. `unexplained`
    names letters whose reason is not the page's own trouble, `missing` troubles without a letter.
    """

    failed: int
    reasons: Mapping[str, int]
    unexplained: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def accounted(self) -> int:
        """Failed jobs that are in the queue for the reason that the shop knows."""
        return sum(self.reasons.values()) - len(self.unexplained)

    @property
    def right(self) -> bool:
        """Every failure is in the queue, once, for the right reason."""
        return self.accounted == self.failed and not self.unexplained and not self.missing

    def sentence(self) -> str:
        """What became of them, in one line."""
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(self.reasons.items()))
        text = (
            f"failed jobs accounted for {self.accounted} of {self.failed}: "
            f"in the dead-letter queue, {reasons or 'none'}"
        )
        if self.unexplained:
            text += f"; not the shop's doing: {', '.join(self.unexplained[:5])}"
        if self.missing:
            text += f"; missing there: {', '.join(self.missing[:5])}"
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One run over the catalogue, by its own count."""

    run_id: str
    dispatched: int
    done: int
    failed: int
    not_modified: int
    changed: int
    seconds: float

    def sentence(self) -> str:
        """The sweep in one line."""
        return (
            f"{self.done:,} scraped ({self.not_modified:,} not modified, {self.changed:,} changed "
            f"price), {self.failed:,} failed, in {self.seconds:.1f} s"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole demo."""

    products: int
    seed: int
    config: Path
    sweeps: tuple[Sweep, ...]
    comparison: Comparison
    failures: Failures
    seconds: float

    @property
    def right(self) -> bool:
        """Whether the monitor did its job."""
        return self.comparison.right and self.failures.right

    def example(self) -> str | None:
        """A product with something to see in its history."""
        return next((x.product_id for x in self.comparison.lines if x.verdict == "found"), None)

    def plain(self) -> dict[str, Any]:
        """The report as data."""
        return {
            "products": self.products,
            "seed": self.seed,
            "config": self.config,
            "true_drops": self.comparison.true_drops,
            **{verdict: self.comparison.count(verdict) for verdict in ("found", "missed", "false")},
            "repeated": self.comparison.repeated,
            "failures": {
                "failed": self.failures.failed,
                "accounted": self.failures.accounted,
                "reasons": self.failures.reasons,
                "unexplained": self.failures.unexplained,
                "missing": self.failures.missing,
            },
            "sweeps": self.sweeps,
            "seconds": round(self.seconds, 1),
            "drops": self.comparison.lines,
        }


def compare(true_drops: Mapping[str, TrueDrop], alerts: Iterable[Alert]) -> Comparison:
    """Hold the alerts, as delivered, against the shop's list. A repeated delivery counts once."""
    delivered = list(alerts)
    unique = {alert.alert_id: alert for alert in delivered}
    lines: list[Line] = []
    found: set[str] = set()
    for alert in unique.values():
        drop = true_drops.get(alert.product_id)
        right = (
            drop is not None
            and alert.product_id not in found
            and (alert.reference_price, alert.new_price) == (drop.reference, drop.price)
        )
        if right:
            found.add(alert.product_id)
        lines.append(
            Line(
                product_id=alert.product_id,
                title=alert.title,
                verdict="found" if right else "false",
                shop=(drop.reference, drop.price) if right and drop else None,
                alert=(alert.reference_price, alert.new_price),
                percent=alert.change_percent,
            )
        )
    lines += [
        Line(
            product_id=product_id,
            title=drop.good.title,
            verdict="missed",
            shop=(drop.reference, drop.price),
        )
        for product_id, drop in true_drops.items()
        if product_id not in found
    ]
    order = ("missed", "false", "found")
    lines.sort(key=lambda line: (order.index(line.verdict), line.product_id))
    return Comparison(lines=tuple(lines), repeated=len(delivered) - len(unique))


def account(
    sweeps: Iterable[tuple[Sweep, Mapping[str, str]]], letters: Iterable[DeadLetter]
) -> Failures:
    """Hold the dead letters against what could not be read: each sweep with product → reason."""
    runs = list(sweeps)
    due = {
        (sweep.run_id, product, reason)
        for sweep, troubles in runs
        for product, reason in troubles.items()
    }
    found = [(x.run_id, x.product_id, x.reason) for x in letters]
    return Failures(
        failed=sum(sweep.failed for sweep, _ in runs),
        reasons=Counter(str(reason) for _, _, reason in found),
        unexplained=tuple(
            sorted(
                f"{product} ({reason})"
                for run, product, reason in found
                if (run, product, reason) not in due
            )
        ),
        missing=tuple(sorted(f"{product} ({reason})" for run, product, reason in due - set(found))),
    )
