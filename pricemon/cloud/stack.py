"""The wiring diagram: which resources a config means, and what refers to what. Nothing else.

Only ARNs that a policy mentions without needing the thing to exist are strings; everything else is
a reference, and so decides the order.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from pricemon.cloud.alarms import alarms
from pricemon.cloud.bucket import Bucket
from pricemon.cloud.dashboard import Dashboard, widgets
from pricemon.cloud.function import Function
from pricemon.cloud.grants import Grants
from pricemon.cloud.lifecycle import rules
from pricemon.cloud.log_group import LogGroup
from pricemon.cloud.mapping import EventSourceMapping
from pricemon.cloud.names import RETAILER_INDEX, Names
from pricemon.cloud.notifier import notifier
from pricemon.cloud.policy import trust_lambda
from pricemon.cloud.queue import Queue
from pricemon.cloud.resource import OWNER, Resource
from pricemon.cloud.role import Role
from pricemon.cloud.schedule import SCHEDULED_TIME, Schedule, ScheduleGroup
from pricemon.cloud.subscribers import receivers, subscriptions
from pricemon.cloud.table import Table
from pricemon.cloud.topic import Topic
from pricemon.cloud.walk import in_order
from pricemon.core.items import TTL_ATTRIBUTE
from pricemon.core.settings import Wiring

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pricemon.cloud.bundle import Bundle
    from pricemon.cloud.policy import Document
    from pricemon.cloud.session import Aws
    from pricemon.cloud.subscribers import Receiver
    from pricemon.config import Config

PRODUCT_ROWS_CHANGED = {
    "eventName": ["MODIFY"],
    "dynamodb": {"Keys": {"timestamp": {"N": ["0"]}}},
}
"""The stream filter: a product's row (its sort key is 0) that was written again. Observations are
inserts, and rows that expire are removals: neither wakes the function."""

DELIVER_DUE = "rate(15 minutes)"
"""How late an alert may be whose quiet hours, cooldown or digest has ended. Stream batches deliver
what is due as well, but there may be none for hours."""

DISPLAY_NAME = "Price Drop Notifications"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One environment's resources, each after those it refers to."""

    names: Names
    resources: tuple[Resource, ...]


def build(config: Config, *, aws: Aws, bundles: Callable[[str], Bundle]) -> Stack:
    """The stack of a config. Asks AWS who we are, and what a key's alias or a secret stands for.

    `bundles` gives the zip of `scraper`, `stream_processor` or `notifier`; it is called only when a
    plan needs the code. Raises `UsageError` for a subscription whose secret is not to be had.
    """
    aws.warm()
    return Builder(config, aws, bundles).stack()


class Builder:
    """Holds what the parts of one stack have in common."""

    def __init__(self, config: Config, aws: Aws, bundles: Callable[[str], Bundle]) -> None:
        self.config = config
        self.aws = aws
        self.bundles = bundles
        self.names = Names(config.env, aws.account, config.bucket.suffix)
        self.tags = {**config.tags, OWNER: config.env}
        self.grants = Grants(self.names, aws, self.key, bool(config.functions.vpc.subnets))

    @cached_property
    def global_tags(self) -> dict[str, str]:
        """Of what is shared by all regions: there, an environment's name is not enough."""
        return {**self.tags, "pricemon:region": self.aws.region}

    @cached_property
    def key(self) -> str | None:
        """The KMS key's ARN: services store what they are given, so an alias would never match."""
        if self.config.kms_key is None:
            return None
        described = self.aws.call("kms", "describe_key", KeyId=self.config.kms_key)
        return str(described["KeyMetadata"]["Arn"])

    def stack(self) -> Stack:
        """Everything, wired."""
        config, names = self.config, self.names
        jobs, changes = config.functions.scraper, config.functions.stream_processor
        table = self.table()
        bucket = self.bucket()
        dlq = self.queue(
            names.dlq,
            retention=config.queues.dead_letter_retention,
            redrive_from=(self.aws.arn("sqs", names.queue),),
        )
        on_failure = self.queue(names.on_failure, retention=config.queues.dead_letter_retention)
        queue = self.queue(
            names.queue,
            visibility_timeout=config.visibility_timeout,
            retention=config.queues.retention,
            long_poll=config.queues.long_poll,
            dead_letters=dlq.ref("arn"),
            max_receive_count=config.queues.max_receive_count,
        )
        subscribers = receivers(config.subscriptions, self.aws)
        topic = self.topic(subscribers)
        common = Wiring(
            table=table.name,
            metrics_namespace=names.metrics_namespace,
            stream_failures="raise" if config.is_local else "report",
        ).to_env()
        scraper = self.function(
            "scraper",
            names.scraper,
            bucket=bucket,
            role=self.role(
                names.scraper_role,
                "scraper",
                trust_lambda(),
                self.grants.scraper(parameters=config.parameters, tracing=jobs.xray),
            ),
            environment=common
            | _env(bucket=bucket.name)
            | _env(queue_url=queue.ref("url"), dlq_url=dlq.ref("url")),
        )
        processor = self.function(
            "stream_processor",
            names.processor,
            bucket=bucket,
            role=self.role(
                names.processor_role,
                "stream processor",
                trust_lambda(),
                self.grants.stream_processor(tracing=changes.xray),
            ),
            environment=common
            | _env(topic_arn=topic.ref("arn"), on_failure_url=on_failure.ref("url")),
        )
        resources: list[Resource] = [
            table,
            bucket,
            dlq,
            on_failure,
            queue,
            topic,
            *subscriptions(subscribers, topic),
            *notifier(self, topic=topic, bucket=bucket),
            scraper,
            processor,
            EventSourceMapping(
                name=f"{queue.name}-to-{scraper.name}",
                tags=self.tags,
                source=queue.ref("arn"),
                function=scraper.ref("arn"),
                batch_size=jobs.batch_size,
                batch_window=jobs.batch_window,
                maximum_concurrency=self.at_once(jobs.max_concurrency),
            ),
            EventSourceMapping(
                name=f"{table.name}-to-{processor.name}",
                tags=self.tags,
                source=table.ref("stream_arn"),
                function=processor.ref("arn"),
                batch_size=changes.batch_size,
                batch_window=changes.batch_window,
                filters=(PRODUCT_ROWS_CHANGED,),
                parallelization=changes.parallelization,
                retries=changes.retries,
                maximum_age=changes.max_age,
                on_failure=on_failure.ref("arn"),
            ),
            *self.schedules(queue, processor),
            *alarms(config.alarms, config.schedule, names, topic=topic, tags=self.tags),
            Dashboard(
                name=names.dashboard(self.aws.region),
                present=config.dashboard,
                tags=self.tags,
                title=f"Price monitor {config.env}",
                widgets=widgets(names, self.aws.region),
            ),
        ]
        return Stack(names=names, resources=tuple(in_order(resources)))

    def table(self) -> Table:
        """The table."""
        options = self.config.table
        return Table(
            name=self.names.table,
            tags=self.tags,
            hash_key=("product_id", "S"),
            range_key=("timestamp", "N"),
            indexes={RETAILER_INDEX: (("retailer", "S"), ("timestamp", "N"))},
            point_in_time_recovery=options.point_in_time_recovery,
            time_to_live=TTL_ATTRIBUTE if options.keep_days else None,
            deletion_protection=options.deletion_protection,
            kms_key=self.key,
        )

    def bucket(self) -> Bucket:
        """The archive."""
        options = self.config.bucket
        return Bucket(
            name=self.names.bucket,
            tags=self.global_tags,
            policy=self.grants.bucket(),
            versioning=options.versioning,
            lifecycle=rules(options.lifecycle),
            kms_key=self.key,
        )

    def queue(self, name: str, **options: Any) -> Queue:
        """A queue, with the common tags and key."""
        return Queue(name=name, tags=self.tags, kms_key=self.key, **options)

    def topic(self, subscribers: Sequence[Receiver]) -> Topic:
        """The topic, which knows its subscribers."""
        return Topic(
            name=self.names.topic,
            tags=self.tags,
            display_name=DISPLAY_NAME,
            policy=self.grants.topic(),
            kms_key=self.key,
            subscribers={each.fingerprint: each.name for each in subscribers},
        )

    def role(
        self, name: str, whose: str, trust: Document, document: Document, *, present: bool = True
    ) -> Role:
        """A role; `whose` it is, in words."""
        return Role(
            name=name,
            present=present,
            tags=self.global_tags,
            description=f"What the {whose} of the price monitor {self.config.env} may do",
            trust=trust,
            policy=document,
        )

    def function(
        self,
        function: str,
        name: str,
        *,
        bucket: Bucket,
        role: Role,
        environment: dict[str, Any],
        present: bool = True,
    ) -> Function:
        """One of the functions, with its log group; `function` is its name in the config."""
        options = getattr(self.config.functions, function)
        vpc = self.config.functions.vpc
        log_group = LogGroup(
            name=self.names.log_group(name),
            present=present,
            tags=self.tags,
            retention=options.log_retention,
        )
        level = {"POWERTOOLS_LOG_LEVEL": options.log_level}
        return Function(
            name=name,
            present=present,
            tags=self.tags,
            description=f"Price monitor {self.config.env}: {function.replace('_', ' ')}",
            code=partial(self.bundles, function),
            runtime=f"python{options.python}",
            architecture=_host() if self.config.is_local else options.architecture,
            timeout=options.timeout,
            memory=options.memory,
            role=role.ref("arn"),
            log_group=log_group.ref("name"),
            staging=bucket.ref("name"),
            environment=environment | level,
            log_format="JSON" if options.log_format == "json" else "Text",
            tracing=options.xray,
            reserved_concurrency=options.reserved_concurrency,
            subnets=vpc.subnets,
            security_groups=vpc.security_groups,
        )

    def at_once(self, wanted: int) -> int:
        """How many instances may work at once: on the embedded AWS each is a process of ours."""
        return min(wanted, _host_workers()) if self.config.is_local else wanted

    def schedules(self, queue: Queue, processor: Function) -> list[Resource]:
        """The schedules of the sweeps and of deferred alerts, with their group and role."""
        options = self.config.schedule
        group = ScheduleGroup(name=self.names.schedule_group, tags=self.tags)
        role = self.role(
            self.names.scheduler_role,
            "schedule",
            self.grants.scheduler_trust(),
            self.grants.scheduler(),
        )
        return [
            Schedule(
                name=self.names.schedule,
                description="Scrape every product",
                group=group.ref("name"),
                expression=options.expression,
                timezone=options.timezone,
                window=options.window,
                enabled=options.enabled,
                target=queue.ref("arn"),
                role=role.ref("arn"),
                message={"action": "scrape_all_products", "timestamp": SCHEDULED_TIME},
            ),
            Schedule(
                name=self.names.due_schedule,
                description="Deliver deferred alerts",
                group=group.ref("name"),
                expression=DELIVER_DUE,
                target=processor.ref("arn"),
                role=role.ref("arn"),
                message={"action": "deliver_due"},
            ),
        ]


def _env(**values: Any) -> dict[str, Any]:
    """Environment variables by `Wiring`'s names, for values that are references yet."""
    names = Wiring(**{key: key for key in values}).to_env()
    return {variable: values[key] for variable, key in names.items() if key in values}


def _host_workers() -> int:
    """Processes this machine can keep busy: one for each core, and one to wait for the network."""
    return max(2, (os.cpu_count() or 1) + 1)


def _host() -> str:
    """The embedded AWS runs functions on this machine's architecture."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
