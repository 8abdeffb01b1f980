"""The policies: what they grant and never grant, in every partition, without a linter's finding."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from pricemon.cloud import policy
from pricemon.cloud.resource import references, resolve
from pricemon.cloud.topic import Topic
from tests.cloud.policy_kit import (
    ACCOUNT,
    PARTITIONS,
    deployer_document,
    findings,
    role_documents,
)

ROLES = ("scraper", "stream-processor", "notifier", "scheduler")


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
    # Who sets a bucket's policy could let themselves write to it. `up` has to set that policy.
    ("deployer", "RESOURCE_POLICY_PRIVILEGE_ESCALATION", ""),
}


def test_the_linter_finds_nothing(tmp_path):
    """Trust policies are not among them: the linter knows no document without a resource."""
    documents = {
        f"{name}@{partition}": document
        for partition, region in PARTITIONS
        for name, document in {
            **role_documents(partition, region),
            "deployer": deployer_document(partition, region, vpc=True),
        }.items()
        if not name.startswith("trust")
    }
    found = {
        (name.partition("@")[0], issue, action)
        for name, issue, action in findings(tmp_path, documents)
    }
    assert found == KNOWN_FINDINGS


def test_the_linter_would_have_found_something(tmp_path):
    processor = "arn:aws:lambda:eu-west-1:555555555555:function:p"
    star, typo = (
        policy.scheduler(queue=queue, processor=processor) for queue in ("*", "arn:aws:sqs:::q")
    )
    typo["Statement"][0]["Action"] = ["sqs:SendMassage"]
    assert {issue for _, issue, _ in findings(tmp_path, {"star": star, "typo": typo})} == {
        "RESOURCE_STAR",
        "UNKNOWN_ACTION",
    }


@pytest.mark.parametrize("name", ROLES)
def test_a_role_gets_every_resource_only_for_actions_that_take_no_arn(name):
    for statement, _, resource in _allowed(role_documents()[name]):
        assert resource != "*" or statement["Sid"].endswith(("TakesNoArn", "TakeNoArn"))


def test_a_plain_stacks_roles_get_no_resource_star():
    documents = [
        policy.scraper(table="t", index="i", bucket="b", queue="q", dlq="d", log_group="l"),
        policy.stream_processor(table="t", stream="s", topic="n", on_failure="f", log_group="l"),
        policy.notifier(queue="q", dlq="d", log_group="l", parameters=["s"]),
        policy.scheduler(queue="q", processor="p"),
    ]
    for document in documents:
        assert all(resource != "*" for _, _, resource in _allowed(document))


@pytest.mark.parametrize("name", ROLES)
def test_no_action_is_a_pattern_and_none_brings_a_deleted_log_group_back(name):
    actions = {action for _, action, _ in _allowed(role_documents()[name])}
    assert not any("*" in action for action in actions)
    assert "logs:CreateLogGroup" not in actions


@pytest.mark.parametrize(("partition", "region"), PARTITIONS)
def test_no_document_assumes_a_partition_a_region_or_an_account(partition, region):
    text = json.dumps(role_documents(partition, region))
    assert set(re.findall(r"arn:([^:]+):", text)) == {partition}
    assert set(re.findall(r"arn:[^:]+:[^:]+:([^:]*):", text)) == {region, ""}
    assert set(re.findall(r"\d{12}", text)) - {"555555555555"} == {ACCOUNT}


def test_only_this_accounts_group_may_use_the_schedulers_role():
    (statement,) = role_documents()["trust-scheduler"]["Statement"]
    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {
        "aws:SourceAccount": ACCOUNT,
        "aws:SourceArn": f"arn:aws:scheduler:eu-west-1:{ACCOUNT}:schedule-group/price-monitor-prod",
    }


def test_only_this_accounts_alarms_may_publish():
    (statement,) = role_documents()["topic"]["Statement"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:*"},
    }


def test_the_bucket_denies_plain_http_for_itself_and_its_objects():
    (statement,) = role_documents()["bucket"]["Statement"]
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
