"""What a month of the monitor costs, from the config and the number of products. Pure.

An estimate to decide by, not a bill: list prices of us-east-1, as secondary sources gave them in
2026, with the free tiers left out; each line says what was assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

MILLION = Decimal(1_000_000)
SECONDS = 30 * 86_400
"""Seconds of a month."""

# Dollars per unit.
WRITE = Decimal("0.625") / MILLION
READ = Decimal("0.125") / MILLION
SQS_REQUEST = Decimal("0.40") / MILLION
LAMBDA_REQUEST = Decimal("0.20") / MILLION
GB_SECOND = {"arm64": Decimal("0.0000133334"), "x86_64": Decimal("0.0000166667")}
S3_PUT = Decimal("0.005") / 1000
S3_GB = Decimal("0.023")
TABLE_GB = Decimal("0.25")
BACKUP_GB = Decimal("0.20")
LOG_GB = Decimal("0.50")
METRIC = Decimal("0.30")
ALARM = Decimal("0.10")
DASHBOARD = Decimal(3)

WRITES_PER_JOB = 6
"""Product row and observation: two units each in a transaction, and one each for the index."""
READS_PER_JOB = 2
METRICS_PER_SHOP = 8
"""Successes, failures, not modified, held, blocked, changes, drops, alerts."""
POLLERS = 5
"""Long polls of 20 s that Lambda keeps open on an idle queue."""
KB_PER_ROW = Decimal("0.5")
KB_PER_ARCHIVED = Decimal("0.1")
KB_LOGGED_PER_JOB = Decimal("0.4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the estimate is made of. `period` is the seconds between two sweeps."""

    products: int
    shops: int
    period: int
    batch_size: int
    memory_mb: int
    architecture: str = "arm64"
    seconds_per_job: Decimal = Decimal("0.5")
    alarms: int = 6
    dashboard: bool = False
    backups: bool = True

    @property
    def jobs(self) -> Decimal:
        """Pages scraped in a month."""
        return Decimal(self.products) * SECONDS / self.period


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One service's share: dollars a month, and how it comes about."""

    service: str
    dollars: Decimal
    why: str


def estimate(load: Load) -> list[Line]:
    """The lines of a month's estimate, each rounded to a cent."""
    jobs = load.jobs
    batches = jobs / load.batch_size
    gb_seconds = jobs * load.seconds_per_job * load.memory_mb / 1024
    polls = Decimal(POLLERS) * SECONDS / 20
    rows_gb = jobs * KB_PER_ROW / MILLION
    stored = TABLE_GB + (BACKUP_GB if load.backups else 0)
    lines = [
        ("DynamoDB", jobs * (WRITES_PER_JOB * WRITE + READS_PER_JOB * READ), "writes and reads"),
        ("DynamoDB storage", rows_gb * stored, f"{rows_gb:.2f} GB more each month it is kept"),
        ("SQS", (jobs * Decimal("0.3") + polls) * SQS_REQUEST, "jobs in tens, and idle polling"),
        (
            "Lambda",
            gb_seconds * GB_SECOND[load.architecture] + batches * LAMBDA_REQUEST,
            f"{load.seconds_per_job} s of {load.memory_mb} MB for a page",
        ),
        (
            "S3",
            batches * S3_PUT + jobs * KB_PER_ARCHIVED / MILLION * S3_GB,
            "one archive object for a batch",
        ),
        ("CloudWatch Logs", jobs * KB_LOGGED_PER_JOB / MILLION * LOG_GB, "lines of the functions"),
        (
            "CloudWatch metrics",
            METRIC * (METRICS_PER_SHOP * load.shops + 1),
            f"{METRICS_PER_SHOP} metrics for each of {load.shops} shops",
        ),
        ("CloudWatch alarms", ALARM * load.alarms, f"{load.alarms} alarms"),
    ]
    if load.dashboard:
        lines.append(("CloudWatch dashboard", DASHBOARD, "one dashboard"))
    return [
        Line(service=name, dollars=Decimal(amount).quantize(Decimal("0.01")), why=why)
        for name, amount, why in lines
    ]
