"""Every physical name, from the environment alone: the same config finds the same stack again."""

from __future__ import annotations

from dataclasses import dataclass

LOCAL = "local"
RETAILER_INDEX = "retailer-index"


@dataclass(frozen=True)
class Names:
    """What the resources of one environment are called.

    `bucket_suffix` makes the bucket's name globally unique; by default it is the account's id in a
    cloud environment, and nothing on the embedded AWS.
    """

    env: str
    account: str
    bucket_suffix: str | None = None

    @property
    def table(self) -> str:
        """The one table."""
        return f"price-monitor-{self.env}"

    @property
    def bucket(self) -> str:
        """The archive."""
        own = None if self.env == LOCAL else self.account
        suffix = self.bucket_suffix or own
        base = f"price-monitor-historical-{self.env}"
        return f"{base}-{suffix}" if suffix else base

    @property
    def queue(self) -> str:
        """The queue of jobs."""
        return f"price-monitor-scraping-{self.env}"

    @property
    def dlq(self) -> str:
        """The dead letters of `queue`."""
        return f"price-monitor-dlq-{self.env}"

    @property
    def on_failure(self) -> str:
        """What the stream processor could not handle."""
        return f"price-monitor-on-failure-{self.env}"

    @property
    def notifier_queue(self) -> str:
        """The alerts that the notifier is to tell."""
        return f"price-monitor-notifier-{self.env}"

    @property
    def notifier_dlq(self) -> str:
        """The dead letters of `notifier_queue`."""
        return f"price-monitor-notifier-dlq-{self.env}"

    @property
    def topic(self) -> str:
        """Alerts and alarms."""
        return f"price-monitor-notifications-{self.env}"

    @property
    def scraper(self) -> str:
        """The function that fetches pages."""
        return f"price-scraper-{self.env}"

    @property
    def processor(self) -> str:
        """The function that detects changes."""
        return f"stream-processor-{self.env}"

    @property
    def notifier(self) -> str:
        """The function that tells chats and phones."""
        return f"price-notifier-{self.env}"

    @property
    def scraper_role(self) -> str:
        """The scraper's execution role."""
        return f"price-monitor-scraper-{self.env}"

    @property
    def processor_role(self) -> str:
        """The stream processor's execution role."""
        return f"price-monitor-stream-processor-{self.env}"

    @property
    def notifier_role(self) -> str:
        """The notifier's execution role."""
        return f"price-monitor-notifier-{self.env}"

    @property
    def scheduler_role(self) -> str:
        """The role with which the schedules reach their targets."""
        return f"price-monitor-scheduler-{self.env}"

    @property
    def schedule_group(self) -> str:
        """The group of the schedules, which carries their tags."""
        return f"price-monitor-{self.env}"

    @property
    def schedule(self) -> str:
        """The schedule of the sweeps."""
        return f"price-monitor-scrape-{self.env}"

    @property
    def due_schedule(self) -> str:
        """The schedule on which deferred alerts are delivered."""
        return f"price-monitor-deliver-due-{self.env}"

    @property
    def metrics_namespace(self) -> str:
        """The CloudWatch namespace of the functions' own metrics."""
        return f"PriceMonitor/{self.env}"

    def log_group(self, function: str) -> str:
        """The log group of a function, by the function's name."""
        return f"/aws/lambda/{function}"

    def alarm(self, what: str) -> str:
        """An alarm, by what it watches."""
        return f"price-monitor-{what}-{self.env}"

    def dashboard(self, region: str) -> str:
        """The dashboard: an account has one set of them for all regions."""
        return f"price-monitor-{self.env}-{region}"
