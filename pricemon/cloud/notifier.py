"""What the notifier adds to a stack: a queue at the topic, and a function that works it.

Switched off, all of it stays in the stack as absent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pricemon.cloud.alarm import Alarm
from pricemon.cloud.mapping import EventSourceMapping
from pricemon.cloud.policy import trust_lambda
from pricemon.cloud.subscribers import filter_policy
from pricemon.cloud.subscription import Subscription
from pricemon.core.settings import Wiring

if TYPE_CHECKING:
    from pricemon.cloud.bucket import Bucket
    from pricemon.cloud.queue import Queue
    from pricemon.cloud.resource import Resource
    from pricemon.cloud.stack import Builder
    from pricemon.cloud.topic import Topic


def notifier(stack: Builder, *, topic: Topic, bucket: Bucket) -> list[Resource]:
    """The notifier's resources, present or absent as the config has it."""
    wanted, options = stack.config.notifier, stack.config.functions.notifier
    names, present = stack.names, wanted.enabled
    dlq = stack.queue(
        names.notifier_dlq,
        present=present,
        retention=stack.config.queues.dead_letter_retention,
        redrive_from=(stack.aws.arn("sqs", names.notifier_queue),),
    )
    queue = stack.queue(
        names.notifier_queue,
        present=present,
        visibility_timeout=6 * options.timeout,  # what AWS advises
        retention=stack.config.queues.retention,
        long_poll=stack.config.queues.long_poll,
        dead_letters=dlq.ref("arn"),
        max_receive_count=wanted.attempts,
        policy=stack.grants.notifier_queue(),
    )
    function = stack.function(
        "notifier",
        names.notifier,
        present=present,
        bucket=bucket,
        role=stack.role(
            names.notifier_role,
            "notifier",
            trust_lambda(),
            stack.grants.notifier(parameters=wanted.parameters, tracing=options.xray),
            present=present,
        ),
        environment=_environment(queue, dlq),
    )
    return [
        dlq,
        queue,
        function,
        Subscription(
            name=f"sqs:{queue.name}",
            present=present,
            topic=topic.ref("arn"),
            protocol="sqs",
            endpoint=stack.aws.arn("sqs", queue.name),
            receiver=queue.ref("arn"),
            filter_policy=filter_policy(wanted),
            raw=True,
        ),
        EventSourceMapping(
            name=f"{queue.name}-to-{function.name}",
            present=present,
            tags=stack.tags,
            source=queue.ref("arn"),
            function=function.ref("arn"),
            batch_size=options.batch_size,
            maximum_concurrency=stack.at_once(options.max_concurrency),
        ),
        _alarm(stack, topic, dlq),
    ]


def _environment(queue: Queue, dlq: Queue) -> dict[str, Any]:
    """The addresses of its own queues, under `Wiring`'s names."""
    values = {"queue_url": queue.ref("url"), "dlq_url": dlq.ref("url")}
    variables = Wiring(**{key: key for key in values}).to_env()
    return {variable: values[key] for variable, key in variables.items() if key in values}


def _alarm(stack: Builder, topic: Topic, dlq: Queue) -> Alarm:
    options = stack.config.alarms
    threshold = options.notifier_dead_letters
    return Alarm(
        name=stack.names.alarm("notifier-dlq-depth"),
        present=stack.config.notifier.enabled and options.enabled and threshold is not None,
        tags=stack.tags,
        topic=topic.ref("arn"),
        description="Alerts have not reached a chat",
        namespace="AWS/SQS",
        metric="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": dlq.name},
        statistic="Maximum",
        period=options.period,
        threshold=threshold or 0,
    )
