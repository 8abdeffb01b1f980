"""How the archive's commands report: restored rows, differences, what could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Group

from pricemon.cli import render
from pricemon.core.archiving.reading import Problem
from pricemon.core.archiving.verifying import Outdated

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pricemon.core.archiving.restoring import Report
    from pricemon.core.archiving.verifying import Compared, Difference

_NAMED = 20
"""Of what a person need not read to the end."""


def restored(report: Report, *, dry_run: bool, seconds: float) -> dict[str, Any]:
    """A restore as data."""
    return {
        "dry_run": dry_run,
        "objects": report.objects,
        "observations": {
            "archived": report.observations,
            "present": report.present,
            "written": report.written,
            "different": [{"product_id": p, "timestamp": at} for p, at in report.different],
        },
        "products": {
            "written": report.products_written,
            "updated": report.products_updated,
            "kept": report.products_kept,
            "long_unseen": report.long_unseen,
        },
        "problems": report.problems,
        "seconds": round(seconds, 2),
    }


def restored_human(report: Report, dry_run: bool, seconds: float) -> RenderableType:
    """A restore for a person."""
    would = "would be " if dry_run else ""
    parts: list[RenderableType] = [
        (
            f"{report.observations:,} observations in {report.objects:,} objects: "
            f"{report.written:,} {would}written, {report.present:,} were there"
        ),
        (
            f"{report.products_written:,} products {would}written, {report.products_updated:,} "
            f"{would}brought up to date, {report.products_kept:,} left as they are"
        ),
    ]
    if report.different:
        parts.append(
            f"{len(report.different):,} observations are different in the table and were left so: "
            "pricemon archive verify"
        )
    if report.long_unseen:
        parts.append(
            f"{len(report.long_unseen):,} products had not been scraped for a week, and may have "
            f"been removed on purpose: {_some(report.long_unseen)}"
        )
    parts.append(f"{seconds:.1f} s")
    return Group(*(render.literal(str(part)) for part in parts))


@dataclass(slots=True, kw_only=True)
class Verified:
    """What a verification found; `limit` differences are named, all are counted."""

    limit: int
    observations: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    named: list[Difference] = field(default_factory=list)
    products: int = 0
    outdated: list[Outdated] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether the two agree, as far as all of the archive could be read."""
        return not (self.counts or self.outdated or self.problems)

    def add(self, compared: Compared) -> None:
        """Take in one hour."""
        self.observations += compared.observations
        self.problems += compared.problems
        for difference in compared.differences:
            self.counts[difference.kind.value] += 1
            if len(self.named) < self.limit:
                self.named.append(difference)

    def add_product(self, found: Outdated | Problem | None) -> None:
        """Take in what became of one product."""
        self.products += 1
        match found:
            case Outdated():
                self.outdated.append(found)
            case Problem():
                self.problems.append(found)

    def plain(self) -> dict[str, Any]:
        """The findings as data."""
        return {
            "same": self.same,
            "observations": self.observations,
            "differences": dict(self.counts),
            "named": [
                {
                    "kind": each.kind,
                    "product_id": each.observation.product_id,
                    "timestamp": each.observation.timestamp,
                    "fields": {
                        name: {"archive": one, "table": other}
                        for name, (one, other) in each.fields().items()
                    },
                }
                for each in self.named
            ],
            "products": self.products,
            "outdated": [
                {
                    "product_id": each.archived.product_id,
                    "archive": each.archived.known,
                    "table": each.stored.known,
                }
                for each in self.outdated[: self.limit]
            ],
            "problems": self.problems,
        }

    def human(self) -> RenderableType:
        """The findings for a person."""
        compared = f"{self.observations:,} observations and {self.products:,} products compared: "
        if not (self.counts or self.outdated):
            return compared + "table and archive agree"
        total = self.counts.total()
        parts: list[RenderableType] = [
            compared
            + (
                ", ".join(f"{n:,} {kind.replace('_', ' ')}" for kind, n in self.counts.items())
                or "the observations agree"
            ),
            render.table(
                ("time", "product", "difference", ""),
                (
                    (
                        render.when(each.observation.timestamp),
                        each.observation.product_id,
                        each.kind.replace("_", " "),
                        "; ".join(
                            f"{name}: {one} in the archive, {other} in the table"
                            for name, (one, other) in each.fields().items()
                        ),
                    )
                    for each in self.named
                ),
            ),
        ]
        if total > len(self.named):
            parts.append(f"… and {total - len(self.named):,} more (--limit)")
        if self.outdated:
            ids = [each.archived.product_id for each in self.outdated]
            parts.append(
                render.literal(
                    f"{len(ids):,} products know less in the table than in the archive, or "
                    f"otherwise: {_some(ids)}"
                )
            )
        return Group(*parts)


def name_problems(
    talk: Callable[[RenderableType | str], None], problems: Sequence[Problem]
) -> None:
    """Say which objects could not be read, and why."""
    if not problems:
        return
    talk(f"{len(problems):,} objects could not be read, or not all of them:")
    for each in problems[:_NAMED]:
        kept = f" ({each.kept} lines were kept)" if each.kept else ""
        talk(render.literal(f"  {each.object} {each.problem}{kept}"))
    if len(problems) > _NAMED:
        talk(f"  … and {len(problems) - _NAMED:,} more (--json names all)")


def _some(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
    return ", ".join(ids[:_NAMED]) + more
