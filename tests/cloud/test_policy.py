"""The policies: what they grant and never grant, in every partition, without a linter's finding."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pricemon.cloud import policy
from pricemon.cloud.resource import references, resolve
from pricemon.cloud.topic import Topic

ACCOUNT = "123456789012"
ROLES = ("scraper", "stream-processor", "scheduler")
PARTITIONS = [("aws", "eu-west-1"), ("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")]


def _documents(partition: str = "aws", region: str = "eu-west-1") -> dict[str, dict[str, Any]]:
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


def _allowed(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Statement, action and resource, of everything a document allows by identity."""
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow" and "Principal" not in statement:
            for action in statement["Action"]:
                for resource in statement["Resource"]:
                    yield statement, action, resource


KNOWN_FINDINGS = {
    # The reference gives ListStreams no ARN; AWS's own SAM grants it on a table's streams, as here.
    ("stream-processor", "RESOURCE_MISMATCH", "dynamodb:ListStreams"),
}


def _findings(folder: Path, documents: dict[str, dict[str, Any]]) -> set[tuple[str, str, str]]:
    """What parliament finds: document, issue, action.

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
        return [str(detail)]
    return [item["action"] if isinstance(item, dict) else item for item in detail]


def test_the_linter_finds_nothing(tmp_path):
    """Trust policies are not among them: the linter knows no document without a resource."""
    documents = {
        f"{name}@{partition}": document
        for partition, region in PARTITIONS
        for name, document in _documents(partition, region).items()
        if not name.startswith("trust")
    }
    found = {
        (name.partition("@")[0], issue, action)
        for name, issue, action in _findings(tmp_path, documents)
    }
    assert found == KNOWN_FINDINGS


def test_the_linter_would_have_found_something(tmp_path):
    star, typo = policy.scheduler(queue="*"), policy.scheduler(queue="arn:aws:sqs:::q")
    typo["Statement"][0]["Action"] = ["sqs:SendMassage"]
    assert {issue for _, issue, _ in _findings(tmp_path, {"star": star, "typo": typo})} == {
        "RESOURCE_STAR",
        "UNKNOWN_ACTION",
    }


@pytest.mark.parametrize("name", ROLES)
def test_a_role_gets_every_resource_only_for_actions_that_take_no_arn(name):
    for statement, _, resource in _allowed(_documents()[name]):
        assert resource != "*" or statement["Sid"].endswith(("TakesNoArn", "TakeNoArn"))


def test_a_plain_stacks_roles_get_no_resource_star():
    documents = [
        policy.scraper(table="t", index="i", bucket="b", queue="q", dlq="d", log_group="l"),
        policy.stream_processor(table="t", stream="s", topic="n", on_failure="f", log_group="l"),
        policy.scheduler(queue="q"),
    ]
    for document in documents:
        assert all(resource != "*" for _, _, resource in _allowed(document))


@pytest.mark.parametrize("name", ROLES)
def test_no_action_is_a_pattern_and_none_brings_a_deleted_log_group_back(name):
    actions = {action for _, action, _ in _allowed(_documents()[name])}
    assert not any("*" in action for action in actions)
    assert "logs:CreateLogGroup" not in actions


@pytest.mark.parametrize(("partition", "region"), PARTITIONS)
def test_no_document_assumes_a_partition_a_region_or_an_account(partition, region):
    text = json.dumps(_documents(partition, region))
    assert set(re.findall(r"arn:([^:]+):", text)) == {partition}
    assert set(re.findall(r"arn:[^:]+:[^:]+:([^:]*):", text)) == {region, ""}
    assert set(re.findall(r"\d{12}", text)) - {"555555555555"} == {ACCOUNT}


def test_only_this_accounts_group_may_use_the_schedulers_role():
    (statement,) = _documents()["trust-scheduler"]["Statement"]
    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {
        "aws:SourceAccount": ACCOUNT,
        "aws:SourceArn": f"arn:aws:scheduler:eu-west-1:{ACCOUNT}:schedule-group/price-monitor-prod",
    }


def test_only_this_accounts_alarms_may_publish():
    (statement,) = _documents()["topic"]["Statement"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:*"},
    }


def test_the_bucket_denies_plain_http_for_itself_and_its_objects():
    (statement,) = _documents()["bucket"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    bucket = "arn:aws:s3:::price-monitor-historical-prod"
    assert statement["Resource"] == [bucket, f"{bucket}/*"]


def test_the_embedded_aws_may_be_asked_over_plain_http_from_this_machine_alone():
    (statement,) = policy.tls_only(bucket="b", loopback=True)["Statement"]
    assert statement["Condition"] == {
        "Bool": {"aws:SecureTransport": "false"},
        "NotIpAddress": {"aws:SourceIp": ["127.0.0.0/8", "::1/128"]},
    }


def test_references_are_embedded_as_they_are_and_stay_dependencies():
    """A policy holds references until the engine knows their values; each is a dependency."""
    table = Topic(name="stands-for-a-table", display_name="", policy={})
    document = policy.scraper(
        table=table.ref("arn"),
        index=table.ref("arn") + "/index/retailer-index",
        bucket="b",
        queue="q",
        dlq="d",
        log_group="l",
    )
    assert {ref.to for ref in references(document)} == {table}
    resolved = resolve(document, lambda _ref: "arn:x")
    assert "arn:x/index/retailer-index" in [r for _, _, r in _allowed(resolved)]
