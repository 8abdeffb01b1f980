"""The deployer's policy as a document: which resources, where, how long."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

from pricemon import cloud
from pricemon.cloud import deployer as module
from pricemon.cloud.deployer import MANAGED_LIMIT
from pricemon.cloud.needs import ANYWHERE, NEEDS
from pricemon.cloud.resource import Resource
from tests.cloud.policy_kit import ACCOUNT, deployer_document


def _statement(sid: str, document: dict[str, Any] | None = None) -> dict[str, Any]:
    (found,) = [s for s in (document or deployer_document())["Statement"] if s["Sid"] == sid]
    return found


def test_every_kind_of_resource_is_known():
    """A new kind of resource must say what a person needs for it."""
    for each in pkgutil.iter_modules(cloud.__path__, "pricemon.cloud."):
        importlib.import_module(each.name)
    kinds = {kind for each in _subclasses(Resource) if (kind := getattr(each, "kind", None))}
    assert kinds == set(NEEDS)


def _subclasses(parent: Any) -> Iterator[Any]:
    for child in parent.__subclasses__():
        if child.__module__.startswith("pricemon."):  # and not a test's own
            yield child
            yield from _subclasses(child)


def test_every_resource_is_the_stacks_own():
    for statement in deployer_document()["Statement"]:
        for arn in statement["Resource"]:
            assert "prod" in arn or "TakeNoArn" in statement["Sid"] or "Mapping" in statement["Sid"]


def test_all_resources_is_only_for_actions_that_take_no_arn():
    starred = {
        s["Sid"] for s in deployer_document(vpc=True)["Statement"] if ANYWHERE in s["Resource"]
    }
    assert starred == {"TheseTakeNoArn", "NewMappingsTakeNoArn", "VpcLookupsTakeNoArn"}
    assert _statement("TheseTakeNoArn")["Action"] == [
        "lambda:ListEventSourceMappings",
        "logs:DescribeLogGroups",
        "sns:GetSubscriptionAttributes",
        "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
    ]


def test_no_action_is_a_pattern():
    actions = [action for s in deployer_document()["Statement"] for action in s["Action"]]
    assert not [action for action in actions if "*" in action]


def test_roles_are_passed_to_their_services_only():
    statement = _statement("RolesToTheirServices")
    assert statement["Action"] == ["iam:PassRole"]
    assert statement["Resource"] == [f"arn:aws:iam::{ACCOUNT}:role/price-monitor-*-prod"]
    assert statement["Condition"] == {
        "StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "scheduler.amazonaws.com"]}
    }


@pytest.mark.parametrize("sid", ["Mappings", "NewMappingsTakeNoArn"])
def test_mappings_are_those_of_the_stacks_functions(sid):
    """They have no names, but AWS tells whose function one calls."""
    assert _statement(sid)["Condition"] == {
        "ArnEqualsIfExists": {
            "lambda:FunctionArn": [
                f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:price-notifier-prod",
                f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:price-scraper-prod",
                f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:stream-processor-prod",
            ]
        }
    }


def test_log_groups_have_both_forms_of_their_arn():
    base = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/lambda/price-scraper-prod"
    assert {base, f"{base}:*"} <= set(_statement("LogGroups")["Resource"])


@pytest.mark.parametrize(
    ("partition", "region"), [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")]
)
def test_no_partition_region_or_account_is_assumed(partition, region):
    text = json.dumps(
        deployer_document(partition, region, keys=[f"arn:{partition}:kms:{region}:1:key/k"])
    )
    assert set(re.findall(r"arn:([^:]+):", text)) == {partition}
    assert set(re.findall(r"arn:[^:]+:[^:]+:([^:]*):", text)) == {region, ""}


def test_it_fits_into_one_managed_policy():
    assert len(json.dumps(deployer_document(), separators=(",", ":"))) <= MANAGED_LIMIT


def test_keys_and_secrets_are_added_where_there_are_any():
    document = deployer_document(keys=["arn:k"], parameters=["arn:p"])
    assert _statement("Encryption", document)["Resource"] == ["arn:k"]
    assert _statement("Secrets", document) == {
        "Sid": "Secrets",
        "Effect": "Allow",
        "Action": ["ssm:GetParameter"],
        "Resource": ["arn:p"],
    }


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        (["a-b-c"], "a-b-c"),
        (["a-x-c", "a-y-c"], "a-*-c"),
        (["a-x-y-c", "a-z-c"], "a-*-c"),
        (["a-b-b", "a-b"], "a-b-*"),
        (["x", "y"], "*"),
    ],
)
def test_alike_names_become_one_pattern(names, pattern):
    assert module._pattern(names) == pattern
