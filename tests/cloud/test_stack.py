"""The wiring: what a config means, in the terms of AWS."""

import json
from typing import Any

import pytest

from pricemon import config
from pricemon.cloud import stack
from pricemon.cloud.names import Names
from pricemon.core.errors import UsageError
from pricemon.core.settings import Wiring


@pytest.fixture
def wired(world):
    """The wish of every resource, by id, with references as they read."""

    def wire(text: str) -> dict[str, Any]:
        aws = world.usual
        resources = world.stack(aws, text)
        foreseen = {r.id: {"url": f"url of {r.name}", **r.foreseen(aws)} for r in resources}
        foreseen["table/price-monitor-prod"]["stream_arn"] = "stream"
        return {
            r.id: r.desired(lambda ref: foreseen[ref.to.id][ref.attr])
            for r in resources
            if r.present
        }

    return wire


ARN = "arn:aws:{}:eu-west-1:123456789012:{}"
CLOUD = "env: prod\nregion: eu-west-1\nretailers: {shop: {hosts: [shop.example]}}\n"


def test_the_table(wired):
    assert wired(CLOUD)["table/price-monitor-prod"] == {
        "status": "ACTIVE",
        "keys": [["product_id", "S"], ["timestamp", "N"]],
        "billing_mode": "PAY_PER_REQUEST",
        "indexes": {
            "retailer-index": {
                "keys": [["retailer", "S"], ["timestamp", "N"]],
                "projection": "ALL",
            }
        },
        "stream": "NEW_AND_OLD_IMAGES",
        "encryption": None,
        "deletion_protection": False,
        "point_in_time_recovery": True,
        "time_to_live": None,
        "tags": {"pricemon:stack": "prod"},
    }


def test_the_queues(wired):
    queues = wired(CLOUD)
    jobs = queues["queue/price-monitor-scraping-prod"]
    assert jobs["visibility_timeout"] == 6 * 60 + 1
    assert (jobs["retention"], jobs["long_poll"], jobs["encryption"]) == (86_400, 20, "SQS")
    dlq = ARN.format("sqs", "price-monitor-dlq-prod")
    assert jobs["redrive"] == {"dead_letters": dlq, "max_receive_count": 3}
    dead = queues["queue/price-monitor-dlq-prod"]
    assert dead["retention"] == 14 * 86_400
    assert dead["redrive_allow"] == {
        "permission": "byQueue",
        "sources": [ARN.format("sqs", "price-monitor-scraping-prod")],
    }
    assert "queue/price-monitor-on-failure-prod" in queues


def test_the_bucket(wired):
    bucket = wired(CLOUD)["bucket/price-monitor-historical-prod-123456789012"]
    assert bucket["versioning"] == "Enabled"
    assert bucket["encryption"] == "AES256"
    assert set(bucket["public_access_block"].values()) == {True}
    [deny] = [s for s in bucket["policy"]["Statement"] if "SecureTransport" in json.dumps(s)]
    assert (deny["Effect"], deny["Principal"]) == ("Deny", "*")
    assert {rule["ID"]: rule["Filter"]["Prefix"] for rule in bucket["lifecycle"]} == {
        "deploy": "deploy/",
        "everything": "",
        "failures": "failures/",
        "prices": "prices/",
    }


def test_the_topic(wired):
    topic = wired(CLOUD)["topic/price-monitor-notifications-prod"]
    assert topic["display_name"] == "Price Drop Notifications"
    [alarms] = topic["policy"]["Statement"]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert "123456789012" in json.dumps(alarms["Condition"])


def test_the_functions_and_what_they_are_told(wired):
    everything = wired(CLOUD)
    scraper = everything["function/price-scraper-prod"]
    processor = everything["function/stream-processor-prod"]
    assert (scraper["timeout"], scraper["memory"]) == (60, 512)
    assert (processor["timeout"], processor["memory"]) == (30, 256)
    for function, name in ((scraper, "scraper"), (processor, "stream_processor")):
        assert function["runtime"] == "python3.13"
        assert function["architecture"] == "arm64"
        assert function["handler"] == f"lambda_src.{name}.handler.handler"
    assert Wiring.from_env(scraper["environment"]) == Wiring(
        table="price-monitor-prod",
        bucket="price-monitor-historical-prod-123456789012",
        queue_url="url of price-monitor-scraping-prod",
        dlq_url="url of price-monitor-dlq-prod",
        metrics_namespace="PriceMonitor/prod",
        stream_failures="report",
    )
    assert Wiring.from_env(processor["environment"]) == Wiring(
        table="price-monitor-prod",
        topic_arn=ARN.format("sns", "price-monitor-notifications-prod"),
        on_failure_url="url of price-monitor-on-failure-prod",
        metrics_namespace="PriceMonitor/prod",
        stream_failures="report",
    )
    assert everything["log-group//aws/lambda/price-scraper-prod"]["retention"] == 7


def test_log_groups_and_roles_come_before_functions(world):
    order = [resource.id for resource in world.stack(world.usual, CLOUD)]
    for function, role in (
        ("price-scraper-prod", "price-monitor-scraper-prod"),
        ("stream-processor-prod", "price-monitor-stream-processor-prod"),
    ):
        own = order.index(f"function/{function}")
        assert order.index(f"log-group//aws/lambda/{function}") < own
        assert order.index(f"role/{role}") < own


def test_the_mappings(wired):
    everything = wired(CLOUD)
    jobs = everything["mapping/price-monitor-scraping-prod-to-price-scraper-prod"]
    assert (jobs["batch_size"], jobs["maximum_concurrency"], jobs["filters"]) == (25, 10, [])
    changes = everything["mapping/price-monitor-prod-to-stream-processor-prod"]
    assert changes["filters"] == [
        {"eventName": ["MODIFY"], "dynamodb": {"Keys": {"timestamp": {"N": ["0"]}}}}
    ]
    assert 25 <= changes["batch_size"] <= 100
    assert (changes["parallelization"], changes["bisect"]) == (10, True)
    assert (changes["retries"], changes["maximum_age"]) == (5, 3600)
    assert changes["on_failure"] == ARN.format("sqs", "price-monitor-on-failure-prod")
    for mapping in (jobs, changes):
        assert mapping["responses"] == ["ReportBatchItemFailures"]


def test_the_schedule(wired):
    schedule = wired(CLOUD)["schedule/price-monitor-scrape-prod"]
    assert (schedule["expression"], schedule["window"]) == ("rate(6 hours)", 15)
    assert schedule["target"] == ARN.format("sqs", "price-monitor-scraping-prod")
    assert schedule["message"] == {
        "action": "scrape_all_products",
        "timestamp": "<aws.scheduler.scheduled-time>",
    }


def test_what_was_deferred_is_delivered_whether_or_not_sweeps_run(wired):
    schedule = wired(CLOUD + "schedule: {enabled: false}")[
        "schedule/price-monitor-deliver-due-prod"
    ]
    assert (schedule["expression"], schedule["window"]) == ("rate(15 minutes)", 0)
    assert schedule["enabled"]
    assert schedule["target"] == ARN.format("lambda", "function:stream-processor-prod")
    assert schedule["message"] == {"action": "deliver_due"}


def test_no_role_may_do_anything_to_everything(wired):
    everything = wired(CLOUD)
    roles = [wish for id_, wish in everything.items() if id_.startswith("role/")]
    assert len(roles) == 3
    for role in roles:
        for statement in role["policy"]["Statement"]:
            assert "*" not in statement["Resource"]
            assert not any(action.endswith("*") for action in statement["Action"])
            assert "logs:CreateLogGroup" not in statement["Action"]


class TestAlarms:
    def test_all_of_them_tell_the_topic(self, wired):
        alarms = {i: wish for i, wish in wired(CLOUD).items() if i.startswith("alarm/")}
        assert {i.removeprefix("alarm/price-monitor-").removesuffix("-prod") for i in alarms} == {
            *("scraper-errors", "processor-errors", "dlq-depth", "on-failure-depth"),
            *("iterator-age", "no-success"),
        }
        for alarm in alarms.values():
            assert alarm["alarm_actions"] == [ARN.format("sns", "price-monitor-notifications-prod")]
        age = alarms["alarm/price-monitor-iterator-age-prod"]
        assert (age["statistic"], age["threshold"]) == ("Maximum", 600_000)

    @pytest.mark.parametrize(
        ("expression", "period", "evaluations"),
        [
            ("rate(6 hours)", 21_600, 2),
            ("rate(30 minutes)", 1800, 2),
            ("rate(1 minute)", 60, 2),
            ("rate(2 days)", 86_400, 4),
            ("cron(0 8 * * ? *)", 86_400, 2),
        ],
    )
    def test_silence_is_measured_in_schedule_periods(self, wired, expression, period, evaluations):
        text = CLOUD + f"schedule: {{expression: '{expression}', window: 0}}"
        alarm = wired(text)["alarm/price-monitor-no-success-prod"]
        assert (alarm["namespace"], alarm["metric"]) == ("PriceMonitor/prod", "ScrapingSuccess")
        assert (alarm["period"], alarm["evaluation_periods"]) == (period, evaluations)
        assert (alarm["comparison"], alarm["threshold"]) == ("LessThanThreshold", 1)
        assert alarm["missing_data"] == "breaching"

    @pytest.mark.parametrize(
        "options",
        [
            "schedule: {enabled: false}",
            "schedule: {expression: at(2030-01-01T00:00:00), window: 0}",
            "schedule: {expression: rate(5 days)}",  # CloudWatch looks back a week
            "alarms: {silent_periods: null}",
            "alarms: {enabled: false}",
        ],
    )
    def test_silence_that_can_not_be_told_from_peace(self, wired, options):
        assert "alarm/price-monitor-no-success-prod" not in wired(CLOUD + options)

    def test_what_is_switched_off_is_removed_and_not_forgotten(self, world):
        resources = world.stack(world.usual, CLOUD + "alarms: {enabled: false}")
        assert not any(resource.present for resource in resources if resource.kind == "alarm")


class TestSubscriptions:
    def test_filters(self, wired):
        text = (
            CLOUD
            + """
subscriptions:
  - {protocol: email, endpoint: a@example.com}
  - {protocol: sms, endpoint: "+491701234567", kinds: [below], retailers: [shop], tags: [tv],
     min_percent: 5}
"""
        )
        everything = wired(text)
        assert everything["subscription/email:a@example.com"]["filter_policy"] is None
        assert everything["subscription/sms:+491701234567"]["filter_policy"] == {
            "kind": ["below"],
            "retailer": ["shop"],
            "tags": ["tv"],
            "change_percent": [{"numeric": ["<=", -5.0]}, {"numeric": [">=", 5.0]}],
        }

    def test_a_secret_endpoint_is_resolved_and_never_shown(self, world, monkeypatch):
        text = CLOUD + "subscriptions: [{protocol: https, endpoint: 'env:HOOK'}]"
        monkeypatch.setenv("HOOK", "https://hooks.example/T0/secret")
        aws = world.usual
        [hook] = [r for r in world.stack(aws, text) if r.kind == "subscription" and r.present]
        assert hook.endpoint == "https://hooks.example/T0/secret"
        assert hook.id == "subscription/https:env:HOOK"
        assert "secret" not in json.dumps(hook.desired(lambda _: "topic"))
        aws.client("ssm").put_parameter(Name="/hook", Value="https://x.example", Type="String")
        again = text.replace("env:HOOK", "ssm:/hook")
        [hook] = [r for r in world.stack(aws, again) if r.kind == "subscription" and r.present]
        assert hook.endpoint == "https://x.example"

    def test_a_secret_that_is_not_set(self, world, monkeypatch):
        monkeypatch.delenv("HOOK", raising=False)
        with pytest.raises(UsageError, match="HOOK"):
            world.stack(
                world.usual, CLOUD + "subscriptions: [{protocol: https, endpoint: 'env:HOOK'}]"
            )


class TestOptions:
    def test_a_key_is_used_for_everything_by_its_arn(self, world, wired):
        key = world.usual.client("kms").create_key()["KeyMetadata"]
        world.usual.client("kms").create_alias(AliasName="alias/own", TargetKeyId=key["KeyId"])
        everything = wired(CLOUD + "kms_key: alias/own")
        encrypted = [wish["encryption"] for wish in everything.values() if "encryption" in wish]
        assert encrypted == [key["Arn"]] * 6
        for name in ("scraper", "stream-processor", "scheduler"):
            policy = everything[f"role/price-monitor-{name}-prod"]["policy"]
            assert key["Arn"] in json.dumps(policy)

    def test_network_tracing_json_logs_and_reserved_concurrency(self, wired):
        functions = """
functions:
  scraper: {xray: true, log_format: json, reserved_concurrency: 12}
  vpc: {subnets: [subnet-0a1b2c3d], security_groups: [sg-0a1b2c3d]}
"""
        everything = wired(CLOUD + functions)
        scraper = everything["function/price-scraper-prod"]
        assert scraper["tracing"] == "Active"
        assert scraper["logging"]["format"] == "JSON"
        assert scraper["reserved_concurrency"] == 12
        assert scraper["subnets"] == ["subnet-0a1b2c3d"]
        actions = json.dumps(everything["role/price-monitor-scraper-prod"]["policy"])
        assert "xray:PutTraceSegments" in actions
        assert "ec2:CreateNetworkInterface" in actions

    def test_the_local_environment(self, world):
        text = "env: local\nretailers: {shop: {hosts: [shop.example]}}\n"
        resources = {r.id: r for r in world.stack(world.usual, text)}
        assert "bucket/price-monitor-historical-local" in resources
        scraper = resources["function/price-scraper-local"].desired(lambda ref: ref.attr)
        assert Wiring.from_env(scraper["environment"]).stream_failures == "raise"
        assert scraper["architecture"] in {"arm64", "x86_64"}


def test_bundles_are_asked_for_only_when_the_code_is_needed(world):
    def refuse(function: str) -> Any:
        raise AssertionError(function)

    aws = world.usual
    resources = stack.build(config.loads(CLOUD), aws=aws, bundles=refuse).resources
    assert [resource.read(aws) for resource in resources] == [None] * len(resources)


def test_names_fit_the_limits_of_aws():
    """With the longest environment that the config allows (20 characters)."""
    names = Names("e" * 20, "123456789012")
    assert all(len(name) <= 64 for name in (names.scraper_role, names.processor_role))
    assert len(names.bucket) <= 63
    assert len(Names("e" * 20, "123456789012", "s" * 17).bucket) <= 63
    assert len(names.schedule) <= 64


@pytest.mark.parametrize(("cores", "workers"), [(1, 2), (2, 3), (64, 10), (None, 2)])
def test_a_laptop_starts_no_more_workers_than_it_can_use(world, monkeypatch, cores, workers):
    """On the embedded AWS every instance is a process of this machine; in the cloud it is not."""
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    for text, expected in ((CLOUD, 10), ("retailers: {shop: {hosts: [shop.example]}}", workers)):
        mapping = next(
            resource
            for resource in world.stack(world.usual, text)
            if resource.id.startswith("mapping/price-monitor-scraping-")
        )
        assert mapping.maximum_concurrency == expected
