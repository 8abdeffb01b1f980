"""Errors named by their remedy.

`PricemonError` is what a person sees: one sentence and a hint, rendered at one boundary
(`pricemon.cli.app.main`). `Retry` and `GiveUp` are what a job's code raises: they say what to do
with the job, not which line broke.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the command line; part of its contract."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PENDING = 3
    """Changes are pending (`plan --exit-code`) or something is unhealthy (`status`)."""


class PricemonError(Exception):
    """A failure a person can act on: one sentence, and a hint that names the remedy."""

    def __init__(
        self, message: str, *, hint: str | None = None, exit_code: ExitCode = ExitCode.FAILED
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code


class UsageError(PricemonError):
    """The command line, the config or an input file must be corrected first (exit code 2)."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint, exit_code=ExitCode.USAGE)


class JobError(Exception):
    """A scrape job that did not end as an observation.

    `reason` is a `pricemon.core.model.Reason` value, `detail` one sentence for people,
    `http_status` the final response's status where there was one.
    """

    def __init__(self, reason: str, detail: str = "", *, http_status: int | None = None) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.http_status = http_status


class Retry(JobError):
    """The same job may succeed later: hand it back to the queue.

    `after` is the least number of seconds to wait (from `Retry-After`), if the far side named one.
    """

    def __init__(
        self,
        reason: str,
        detail: str = "",
        *,
        http_status: int | None = None,
        after: float | None = None,
    ) -> None:
        super().__init__(reason, detail, http_status=http_status)
        self.after = after


class GiveUp(JobError):
    """Repeating the job will not help: record the failure, and dead-letter the job."""
