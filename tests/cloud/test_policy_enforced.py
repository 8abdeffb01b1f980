"""The deployer's policy where IAM is enforced: enough for a stack's whole life, and nothing spare.

The embedded AWS evaluates policies as AWS does, but for some requests it does not know which
resource they are about; those actions are allowed on `*` here (`BLIND`), and their ARNs are left to
the linter and to `test_policy.py`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from pricemon import config
from pricemon.cloud import bundle, engine, stack, zips
from pricemon.cloud.deployer import deployer
from pricemon.cloud.needs import NEEDS
from pricemon.cloud.walk import in_order
from pricemon.core.errors import PricemonError
from tests.cloud.policy_kit import Person, as_root, embedded_aws

if TYPE_CHECKING:
    from pricemon.cloud.session import Aws
    from pricemon.local.embedded import Endpoint

LISTENER = "arn:aws:sqs:us-east-1:000000000000:listener"

FULL = f"""
env: local
dashboard: true
tags: {{team: pricing, old: tag}}
table: {{keep_days: 30}}
functions: {{scraper: {{reserved_concurrency: 5}}}}
retailers: {{shop: {{hosts: [shop.example]}}}}
subscriptions:
  - {{protocol: sqs, endpoint: "{LISTENER}", kinds: [drop_percent]}}
"""
"""Every kind of resource there is."""

OTHER = f"""
env: local
dashboard: false
tags: {{team: prices}}
table: {{keep_days: null, point_in_time_recovery: false, deletion_protection: true}}
queues: {{retention: 7200}}
functions:
  scraper: {{timeout: 90, batch_size: 5, log_retention: 14}}
  stream_processor: {{batch_size: 50}}
bucket: {{versioning: false}}
schedule: {{expression: rate(3 hours)}}
alarms: {{period: 600}}
retailers: {{shop: {{hosts: [shop.example]}}}}
subscriptions:
  - {{protocol: sqs, endpoint: "{LISTENER}", raw: true}}
"""
"""Something else in every one of them."""

BLIND = (
    *("cloudwatch:", "scheduler:", "lambda:CreateFunction"),
    *("dynamodb:ListTagsOf", "dynamodb:Tag", "dynamodb:Untag"),
    *("sns:ListTagsFor", "sns:Tag", "sns:Untag"),
)
"""Beginnings of actions whose requests the embedded AWS takes to be about no resource."""

NO_CALL = {
    "iam:PassRole": "checked within CreateFunction and CreateSchedule; the embedded AWS does not",
    "s3:TagResource": "checked within CreateBucket when it has tags; the embedded AWS does not",
}
"""Actions that no operation is called like, with AWS's reason to want them."""

UNCHECKED = [
    "lambda:DeleteEventSourceMapping",
    "lambda:DeleteFunctionConcurrency",
    "lambda:GetEventSourceMapping",
    "lambda:UpdateEventSourceMapping",
]
"""Actions of calls for which the embedded AWS checks another action, or none at all."""

ACTIONS = sorted({action for needs in NEEDS.values() for need in needs for action in need.actions})


def _bundle(folder: Path, text: str, function: str) -> bundle.Bundle:
    """A function's zip with nothing in it that would run: only its upload matters here."""
    path = folder / f"{function}-{text}.zip"
    zips.write(path, [zips.Member.stored("handler.py", text.encode())])
    digest = hashlib.sha256(path.read_bytes()).digest()
    return bundle.Bundle(
        function=function,
        path=path,
        sha256=base64.b64encode(digest).decode(),
        size=path.stat().st_size,
        unzipped_size=len(text),
    )


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory) -> Iterator[Endpoint]:
    with embedded_aws(tmp_path_factory.mktemp("iam")) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def root(endpoint) -> Aws:
    return as_root(endpoint)


@pytest.fixture(scope="session")
def wish(tmp_path_factory) -> Callable[[Aws, str, str], Any]:
    """The resources of a config, whose functions' code is the given text."""
    folder = tmp_path_factory.mktemp("zips")

    def wish(aws: Aws, text: str, code: str) -> Any:
        bundles = partial(_bundle, folder, code)
        return stack.build(config.loads(text), aws=aws, bundles=bundles).resources

    return wish


@pytest.fixture(scope="session")
def person(endpoint, root, wish) -> Person:
    ids = [(r.kind, r.name) for r in in_order(wish(root, FULL, "one"))]
    place = {"partition": "aws", "account": root.account, "region": root.region}
    root.client("sqs").create_queue(QueueName="listener")
    return Person(endpoint, deployer(ids, **place), blind=BLIND)


@pytest.fixture
def live(person, root, wish) -> Callable[[], None]:
    """A stack's whole life as the person: made, tampered with, changed to and fro, removed."""

    def live() -> None:
        engine.apply(wish(person.aws, FULL, "one"), person.aws)
        _tamper(root)
        engine.apply(wish(person.aws, OTHER, "two"), person.aws)
        engine.apply(wish(person.aws, FULL, "one"), person.aws)
        engine.inventory(wish(person.aws, FULL, "one"), person.aws)
        engine.destroy(wish(person.aws, FULL, "one"), person.aws)

    return live


def _tamper(root: Aws) -> None:
    """What other hands do to role, topic and bucket, and `up` mends or `down` clears away."""
    iam, s3 = root.client("iam"), root.client("s3")
    role, foreign = "price-monitor-scraper-local", "arn:aws:iam::aws:policy/ReadOnlyAccess"
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    iam.attach_role_policy(RoleName=role, PolicyArn=foreign)
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=foreign)
    iam.update_role(RoleName=role, Description="tampered with")
    topic = root.arn("sns", "price-monitor-notifications-local")
    root.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="DisplayName", AttributeValue="tampered with"
    )
    nobody = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [nobody]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    for body in (b"1", b"2"):
        s3.put_object(Bucket="price-monitor-historical-local", Key="prices/x", Body=body)


@pytest.mark.e2e
def test_the_policy_is_enough_and_each_action_in_it_is_needed(person, live):
    """Every action is that of a call that was made, and without it the same call is refused."""
    person.permit(person.document)
    live()
    granted = {action for s in person.document["Statement"] for action in s["Action"]}
    assert granted - set(person.calls) == set(NO_CALL)
    assert set(person.calls) - granted == {"sts:GetCallerIdentity"}
    allowed = []
    for action in sorted(granted - set(NO_CALL)):
        person.without(action)
        if not person.is_refused(*person.calls[action]):
            allowed.append(action)
    assert allowed == UNCHECKED


@pytest.mark.e2e
@pytest.mark.reliability
@pytest.mark.parametrize("action", sorted({*ACTIONS} - {*NO_CALL, *UNCHECKED}))
def test_without_any_one_action_a_stacks_life_ends_in_an_error(person, live, root, wish, action):
    person.without(action)
    try:
        with pytest.raises((ClientError, PricemonError)) as caught:
            live()
        assert action in str(caught.value)
    finally:
        engine.apply(wish(root, FULL, "one"), root)
        engine.destroy(wish(root, FULL, "one"), root)
