"""What the stack's roles, topic and bucket permit: the policies, filled in with its ARNs.

An ARN in a policy need not exist yet, so these are strings and make nobody wait: a new role is
known everywhere only some seconds later, and those pass while the table is being made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pricemon.cloud import policy
from pricemon.cloud.names import LOCAL, RETAILER_INDEX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pricemon.cloud.names import Names
    from pricemon.cloud.policy import Document
    from pricemon.cloud.session import Aws


@dataclass(frozen=True)
class Grants:
    """The documents of one stack.

    `key` is the ARN of the KMS key, if there is one; `in_vpc` says that the functions are in one.
    """

    names: Names
    aws: Aws
    key: str | None
    in_vpc: bool

    def scraper(self, *, parameters: Sequence[str], tracing: bool) -> Document:
        """The scraper's role. `parameters` are paths in the SSM Parameter Store."""
        names, aws = self.names, self.aws
        return policy.scraper(
            table=self._table,
            index=f"{self._table}/index/{RETAILER_INDEX}",
            bucket=self._bucket,
            queue=aws.arn("sqs", names.queue),
            dlq=aws.arn("sqs", names.dlq),
            log_group=self._log_group(names.scraper),
            parameters=[aws.arn("ssm", f"parameter{path}") for path in parameters],
            **self._options(tracing=tracing),
        )

    def stream_processor(self, *, tracing: bool) -> Document:
        """The stream processor's role. Its streams are the table's, past and future."""
        names, aws = self.names, self.aws
        return policy.stream_processor(
            table=self._table,
            stream=f"{self._table}/stream/*",
            topic=aws.arn("sns", names.topic),
            on_failure=aws.arn("sqs", names.on_failure),
            log_group=self._log_group(names.processor),
            **self._options(tracing=tracing),
        )

    def notifier(self, *, parameters: Sequence[str], tracing: bool) -> Document:
        """The notifier's role. `parameters` are paths in the SSM Parameter Store."""
        names, aws = self.names, self.aws
        return policy.notifier(
            queue=aws.arn("sqs", names.notifier_queue),
            dlq=aws.arn("sqs", names.notifier_dlq),
            log_group=self._log_group(names.notifier),
            parameters=[aws.arn("ssm", f"parameter{path}") for path in parameters],
            **self._options(tracing=tracing),
        )

    def notifier_queue(self) -> Document:
        """The policy of the notifier's queue."""
        return policy.topic_may_send(
            queue=self.aws.arn("sqs", self.names.notifier_queue),
            topic=self.aws.arn("sns", self.names.topic),
        )

    def scheduler(self) -> Document:
        """The schedules' role."""
        names, aws = self.names, self.aws
        return policy.scheduler(
            queue=aws.arn("sqs", names.queue),
            processor=aws.arn("lambda", f"function:{names.processor}"),
            keys=self._keys,
        )

    def scheduler_trust(self) -> Document:
        """Who may assume the schedules' role."""
        group = self.aws.arn("scheduler", f"schedule-group/{self.names.schedule_group}")
        return policy.trust_scheduler(account=self.aws.account, schedule_group=group)

    def topic(self) -> Document:
        """The topic's policy."""
        return policy.alarms_may_publish(
            topic=self.aws.arn("sns", self.names.topic),
            account=self.aws.account,
            alarms=self.aws.arn("cloudwatch", "alarm:*"),
        )

    def bucket(self) -> Document:
        """The bucket's policy."""
        return policy.tls_only(bucket=self._bucket, loopback=self.names.env == LOCAL)

    @property
    def _table(self) -> str:
        return self.aws.arn("dynamodb", f"table/{self.names.table}")

    @property
    def _bucket(self) -> str:
        return f"arn:{self.aws.partition}:s3:::{self.names.bucket}"

    @property
    def _keys(self) -> list[str]:
        return [self.key] if self.key else []

    def _log_group(self, function: str) -> str:
        return self.aws.arn("logs", f"log-group:{self.names.log_group(function)}")

    def _options(self, *, tracing: bool) -> dict[str, Any]:
        """What KMS, X-Ray and a network add to a function's role."""
        network = self.aws.arn("ec2", "*") if self.in_vpc else None
        return {"keys": self._keys, "tracing": tracing, "network": network}
