"""The records of one product in one batch, in their order: a lane.

A lane goes forward record by record, its state in memory, and stops at each alert until that has
been told. What it then must store is one write, however many records led to it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pricemon.core.model import Alert, AlertState, Product
    from pricemon.core.rules import Evaluation
    from pricemon.core.settings import AlertRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One record of the batch (its place in it), and the product before and after it."""

    index: int
    record: Mapping[str, Any]
    before: Product | None
    after: Product


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """An alert to be told before the lane goes on."""

    step: Step
    alert: Alert
    evaluation: Evaluation
    rules: AlertRules


@dataclass(slots=True, kw_only=True)
class Lane:
    """`stored` is the state in the table, `state` the one reached in memory."""

    product_id: str
    steps: deque[Step] = field(default_factory=deque)
    stored: AlertState | None = None
    state: AlertState | None = None
    unsaved_from: int | None = None
    """Place of the first record whose effect on the state is not stored yet."""
    stop: Stop | None = None

    def load(self, state: AlertState | None) -> None:
        """Begin with the state in the table."""
        self.stored = self.state = state

    def reach(self, step: Step, evaluation: Evaluation) -> None:
        """Take over the state that a record leads to."""
        if evaluation.save:
            self.state = evaluation.state
            if self.unsaved_from is None:
                self.unsaved_from = step.index
        elif self.state is not None:
            self.state = evaluation.state

    def settled(self) -> None:
        """The state reached is in the table, or given up: nothing is left to store."""
        self.stored = self.state
        self.unsaved_from = None

    def first_open(self) -> int | None:
        """Place of the first record that is not wholly dealt with."""
        places = [step.index for step in self.steps]
        return min(
            places if self.unsaved_from is None else [*places, self.unsaved_from], default=None
        )
