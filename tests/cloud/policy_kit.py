"""The policies of one stack in any partition, the linter they are held against, and people who
have exactly one of them.
"""

from __future__ import annotations

import copy
import json
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError

from pricemon.cloud import policy
from pricemon.cloud.deployer import deployer
from pricemon.cloud.names import Names
from pricemon.cloud.session import Aws
from pricemon.local import embedded

if TYPE_CHECKING:
    from pricemon.local.embedded import Endpoint

ACCOUNT = "123456789012"
PARTITIONS = [("aws", "eu-west-1"), ("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")]

NAMES = Names("prod", ACCOUNT)
RESOURCES = [
    ("table", NAMES.table),
    ("bucket", NAMES.bucket),
    *(("queue", name) for name in (NAMES.queue, NAMES.dlq, NAMES.on_failure)),
    *(("queue", name) for name in (NAMES.notifier_queue, NAMES.notifier_dlq)),
    ("topic", NAMES.topic),
    ("subscription", "email:you@example.com"),
    *(("role", n) for n in (NAMES.scraper_role, NAMES.processor_role, NAMES.scheduler_role)),
    ("role", NAMES.notifier_role),
    *(("log-group", NAMES.log_group(n)) for n in (NAMES.scraper, NAMES.processor, NAMES.notifier)),
    *(("function", name) for name in (NAMES.scraper, NAMES.processor, NAMES.notifier)),
    ("mapping", "queue-to-scraper"),
    ("mapping", "table-to-processor"),
    ("mapping", "queue-to-notifier"),
    ("schedule-group", NAMES.schedule_group),
    *(("schedule", name) for name in (NAMES.schedule, NAMES.due_schedule)),
    *(("alarm", NAMES.alarm(what)) for what in ("scraper-errors", "dlq-depth", "no-success")),
    ("dashboard", NAMES.dashboard("eu-west-1")),
]


def deployer_document(
    partition: str = "aws", region: str = "eu-west-1", **more: Any
) -> dict[str, Any]:
    return deployer(RESOURCES, partition=partition, account=ACCOUNT, region=region, **more)


def role_documents(partition: str = "aws", region: str = "eu-west-1") -> dict[str, dict[str, Any]]:
    """Every document there is, for a stack in the partition."""

    def arn(service: str, resource: str) -> str:
        return f"arn:{partition}:{service}:{region}:{ACCOUNT}:{resource}"

    table = arn("dynamodb", "table/price-monitor-prod")
    bucket = f"arn:{partition}:s3:::price-monitor-historical-prod"
    topic = arn("sns", "price-monitor-notifications-prod")
    common: dict[str, Any] = {
        "log_group": arn("logs", "log-group:/aws/lambda/price-scraper-prod"),
        "parameters": [arn("ssm", "parameter/pricemon/proxy")],
        "keys": [arn("kms", "key/11111111-2222-3333-4444-555555555555")],
        "tracing": True,
        "network": arn("ec2", "*"),
    }
    return {
        "scraper": policy.scraper(
            table=table,
            index=table + "/index/retailer-index",
            bucket=bucket,
            queue=arn("sqs", "price-monitor-scraping-prod"),
            dlq=arn("sqs", "price-monitor-dlq-prod"),
            **common,
        ),
        "stream-processor": policy.stream_processor(
            table=table,
            stream=table + "/stream/*",  # a label's colons would confuse the linter
            topic=topic,
            on_failure=arn("sqs", "price-monitor-on-failure-prod"),
            **common,
        ),
        "notifier": policy.notifier(
            queue=arn("sqs", "price-monitor-notifier-prod"),
            dlq=arn("sqs", "price-monitor-notifier-dlq-prod"),
            **common,
        ),
        "scheduler": policy.scheduler(
            queue=arn("sqs", "price-monitor-scraping-prod"),
            processor=arn("lambda", "function:stream-processor-prod"),
            keys=common["keys"],
        ),
        "trust-lambda": policy.trust_lambda(),
        "trust-scheduler": policy.trust_scheduler(
            account=ACCOUNT, schedule_group=arn("scheduler", "schedule-group/price-monitor-prod")
        ),
        "topic": policy.alarms_may_publish(
            topic=topic, account=ACCOUNT, alarms=arn("cloudwatch", "alarm:*")
        ),
        "bucket": policy.tls_only(bucket=bucket),
        "notifier-queue": policy.topic_may_send(
            queue=arn("sqs", "price-monitor-notifier-prod"), topic=topic
        ),
    }


def findings(folder: Path, documents: dict[str, dict[str, Any]]) -> set[tuple[str, str, str]]:
    """What parliament finds: document, issue, and the action where it names one.

    In a process of its own, since it leaves files open and warns of its own imports.
    """
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    done = subprocess.run(
        [sys.executable, "-m", "parliament.cli", "--directory", str(folder), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return {
        (Path(finding["location"]["filepath"]).stem, finding["issue"], action)
        for finding in map(json.loads, done.stdout.splitlines())
        for action in _actions_of(finding["detail"])
    }


def _actions_of(detail: Any) -> list[str]:
    if not isinstance(detail, list):
        return [""]
    return [item["action"] if isinstance(item, dict) else item for item in detail]


S3_ACTIONS = {
    "DeleteBucketLifecycle": ["PutLifecycleConfiguration"],
    "DeleteObjects": ["DeleteObject", "DeleteObjectVersion"],
    "GetBucketEncryption": ["GetEncryptionConfiguration"],
    "GetBucketLifecycleConfiguration": ["GetLifecycleConfiguration"],
    "GetPublicAccessBlock": ["GetBucketPublicAccessBlock"],
    "ListObjectVersions": ["ListBucketVersions"],
    "PutBucketEncryption": ["PutEncryptionConfiguration"],
    "PutBucketLifecycleConfiguration": ["PutLifecycleConfiguration"],
    "PutPublicAccessBlock": ["PutBucketPublicAccessBlock"],
}
"""S3's operations whose actions are called otherwise (AWS's service authorization reference)."""

Call = tuple[str, str, dict[str, Any]]
"""Service, operation, parameters."""


@contextmanager
def embedded_aws(folder: Path) -> Iterator[Endpoint]:
    """An embedded AWS, which enforces policies, for the time of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    yield embedded.ensure_started(folder / "aws", port)
    embedded.reset(folder / "aws")


def as_root(endpoint: Endpoint) -> Aws:
    """The embedded AWS as its root, who may do everything."""
    credentials = (endpoint.access_key, endpoint.secret_key)
    return Aws(region=endpoint.region, endpoint_url=endpoint.url, credentials=credentials)


@dataclass
class Person:
    """A user of the account with exactly one policy, and what they called.

    `blind` are beginnings of actions whose requests the embedded AWS takes to be about no resource:
    they are allowed on `*`.
    """

    endpoint: Endpoint
    document: dict[str, Any]
    blind: tuple[str, ...] = ()
    calls: dict[str, Call] = field(default_factory=dict)
    """By action, the first call that needs it."""

    def __post_init__(self) -> None:
        self._iam = as_root(self.endpoint).client("iam")
        self._name = f"user-{uuid.uuid4()}"
        self._iam.create_user(UserName=self._name)
        self.permit(self.document)
        key = self._iam.create_access_key(UserName=self._name)["AccessKey"]
        session = boto3.Session(
            key["AccessKeyId"], key["SecretAccessKey"], region_name=self.endpoint.region
        )
        session.events.register("provide-client-params", self._record)
        self.aws = Aws(endpoint_url=self.endpoint.url, session=session)

    def permit(self, document: dict[str, Any]) -> None:
        """Give the person exactly this policy."""
        loosened = copy.deepcopy(document)
        actions = [a for s in document["Statement"] for a in s["Action"]]
        blind = [action for action in actions if self.blind and action.startswith(self.blind)]
        if blind:
            loosened["Statement"].append({"Effect": "Allow", "Action": blind, "Resource": "*"})
        self._iam.put_user_policy(
            UserName=self._name, PolicyName="all", PolicyDocument=json.dumps(loosened)
        )

    def without(self, action: str, sid: str | None = None) -> None:
        """Take an action away, in one statement or wherever it is granted."""
        less = copy.deepcopy(self.document)
        for statement in less["Statement"]:
            if sid in (None, statement["Sid"]):
                kept = [a for a in statement["Action"] if a != action]
                statement["Action"] = kept or ["none:None"]
        self.permit(less)

    def is_refused(self, service: str, operation: str, parameters: dict[str, Any]) -> bool:
        """Whether IAM refuses the person this call. What else becomes of it does not matter."""
        try:
            getattr(self.aws.client(service), xform_name(operation))(**parameters)
        except ClientError as problem:
            return "not authorized to perform" in str(problem)
        return False

    def _record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        service = model.service_model.service_name
        names = S3_ACTIONS.get(model.name, [model.name]) if service == "s3" else [model.name]
        for name in names:
            self.calls.setdefault(f"{service}:{name}", (service, model.name, copy.deepcopy(params)))
