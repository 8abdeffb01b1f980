"""The policies of one stack in any partition, and the linter they are held against."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from pricemon.cloud import policy
from pricemon.cloud.deployer import deployer
from pricemon.cloud.names import Names

ACCOUNT = "123456789012"
PARTITIONS = [("aws", "eu-west-1"), ("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")]

NAMES = Names("prod", ACCOUNT)
RESOURCES = [
    ("table", NAMES.table),
    ("bucket", NAMES.bucket),
    *(("queue", name) for name in (NAMES.queue, NAMES.dlq, NAMES.on_failure)),
    ("topic", NAMES.topic),
    ("subscription", "email:you@example.com"),
    *(("role", n) for n in (NAMES.scraper_role, NAMES.processor_role, NAMES.scheduler_role)),
    *(("log-group", NAMES.log_group(n)) for n in (NAMES.scraper, NAMES.processor)),
    *(("function", name) for name in (NAMES.scraper, NAMES.processor)),
    ("mapping", "queue-to-scraper"),
    ("mapping", "table-to-processor"),
    ("schedule-group", NAMES.schedule_group),
    ("schedule", NAMES.schedule),
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
        "scheduler": policy.scheduler(
            queue=arn("sqs", "price-monitor-scraping-prod"), keys=common["keys"]
        ),
        "trust-lambda": policy.trust_lambda(),
        "trust-scheduler": policy.trust_scheduler(
            account=ACCOUNT, schedule_group=arn("scheduler", "schedule-group/price-monitor-prod")
        ),
        "topic": policy.alarms_may_publish(
            topic=topic, account=ACCOUNT, alarms=arn("cloudwatch", "alarm:*")
        ),
        "bucket": policy.tls_only(bucket=bucket),
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
