"""Plans that tell the truth, and runs that converge on what the config says."""

import dataclasses
import json
import threading
from typing import Any

import pytest

from pricemon.cloud import engine
from pricemon.cloud.plan import Kind
from pricemon.cloud.resource import Ref, Resource
from pricemon.core.errors import PricemonError

QUEUE = "price-monitor-scraping-prod"
TABLE = "price-monitor-prod"
STREAM_MAPPING = "mapping/price-monitor-prod-to-stream-processor-prod"


def pending(plan):
    return {
        change.id: (change.kind, [field.field for field in change.fields])
        for change in plan.pending
    }


class TestUpAndDown:
    def test_the_second_up_and_the_second_down_change_nothing(self, world):
        first, second = world.up(), world.up()
        assert (first.updated, first.deleted) == ((), ())
        assert (second.created, second.updated, second.deleted) == ((), (), ())
        assert set(first.created) < set(second.unchanged)  # a dashboard that is not wanted as well
        aws = world.usual
        stack = world.stack(aws)
        down = engine.destroy(stack, aws)
        assert set(down.deleted) == set(first.created)
        again = engine.destroy(stack, aws)
        assert again.deleted == ()
        assert engine.leftovers(stack, aws, "prod") == ()
        assert set(world.state().values()) == {None}

    def test_one_config_after_another(self, world, configs):
        world.up()
        result = world.up(configs["other"])
        assert "alarm/price-monitor-iterator-age-prod" in result.deleted
        assert "dashboard/price-monitor-prod-eu-west-1" in result.created
        assert world.plan(configs["other"]).pending == ()
        back = world.up()
        assert "dashboard/price-monitor-prod-eu-west-1" in back.deleted
        assert world.plan().pending == ()

    def test_a_plan_only_reads(self, world, configs, calls):
        world.up()
        counted = calls()
        aws = world.aws(counted)
        engine.plan(world.stack(aws, configs["other"]), aws)
        verbs = {name.split(".")[1] for name in counted.made}
        assert all(verb.startswith(("Get", "List", "Describe")) for verb in verbs)

    def test_events_tell_the_beginning_and_the_end(self, world):
        events: list[engine.Event] = []
        aws = world.usual
        engine.apply(world.stack(aws), aws, on_event=events.append)
        told = [event.state for event in events if event.id == f"table/{TABLE}"]
        assert told == ["creating", "created"]
        assert all(event.seconds >= 0 for event in events)

    def test_outputs_are_those_of_what_exists(self, world):
        result = world.up()
        aws = world.usual
        found = engine.outputs(world.stack(aws), aws)
        assert found[f"queue/{QUEUE}"]["url"].endswith(QUEUE)
        assert found == {id_: dict(outs) for id_, outs in result.outputs.items() if outs}


def test_what_must_not_exist_goes_dependents_first(world):
    """Something switched off is removed in the order of a teardown, within an `up`."""
    world.up()
    aws = world.usual
    stack = world.stack(aws)
    mapping = next(r for r in stack if r.id == STREAM_MAPPING)
    off: dict[str, Resource] = {}

    def without(resource):
        if resource.id not in off:
            fields: dict[str, Any] = {
                f.name: Ref(without(value.to), value.attr)
                for f in dataclasses.fields(resource)
                if isinstance(value := getattr(resource, f.name), Ref)
            }
            if resource.kind == "function":
                fields["environment"] = {}  # more references, of no matter here
            off[resource.id] = dataclasses.replace(resource, present=False, **fields)
        return off[resource.id]

    without(mapping)
    deleted = engine.apply(list(off.values()), aws).deleted
    assert set(deleted) == set(off)
    assert deleted[0] == STREAM_MAPPING
    assert deleted.index("function/stream-processor-prod") < deleted.index(
        "role/price-monitor-stream-processor-prod"
    )


class TestRestore:
    def test_whatever_was_deleted_by_hand_comes_back(self, world):
        """One after another; what hung on it is as before."""
        world.up()
        before = world.state()
        aws = world.usual
        stack = world.stack(aws)
        chosen = {"table", "queue", "topic", "role", "function", "schedule-group", "bucket"}
        for gone in [r for r in stack if r.kind in chosen and r.present]:
            gone.delete(aws)
            assert gone.id in engine.apply(stack, aws).created
        assert world.plan().pending == ()
        assert world.state() == before

    def test_a_new_stream_gets_its_mapping_and_the_old_one_goes(self, world):
        world.up()
        aws = world.usual
        stack = world.stack(aws)
        table = next(r for r in stack if r.kind == "table")
        table.delete(aws)
        plan = pending(engine.plan(stack, aws))
        assert plan[table.id][0] == Kind.CREATE
        assert plan[STREAM_MAPPING] == (Kind.UPDATE, ["sources"])
        assert len(plan) == 2
        result = engine.apply(stack, aws)
        assert result.created == (table.id,)
        assert result.updated == (STREAM_MAPPING,)
        listed = aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        assert sorted(each["EventSourceArn"] for each in listed) == sorted(
            [result.outputs[table.id]["stream_arn"], aws.arn("sqs", QUEUE)]
        )

    def test_a_new_topic_gets_its_subscriptions(self, world):
        world.up()
        aws = world.usual
        topic = aws.arn("sns", "price-monitor-notifications-prod")
        aws.client("sns").delete_topic(TopicArn=topic)
        world.up()
        listed = aws.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        assert {each["Protocol"] for each in listed} == {"email", "sqs"}


class TestRefusals:
    def test_a_resource_that_is_not_ours_is_refused_before_anything_is_touched(self, world, calls):
        world.usual.client("sqs").create_queue(QueueName=QUEUE)
        counted = calls()
        aws = world.aws(counted)
        stack = world.stack(aws)
        for attempt in (engine.plan, engine.apply, engine.destroy):
            with pytest.raises(PricemonError, match=f"queue/{QUEUE} exists already") as refused:
                attempt(stack, aws)
            assert "pricemon:stack=prod" in str(refused.value.hint)
        assert not any("Create" in name or "Delete" in name for name in counted.made)

    def test_another_stacks_resource_is_named_as_such(self, world):
        tags = {"pricemon:stack": "staging"}
        world.usual.client("sqs").create_queue(QueueName=QUEUE, tags=tags)
        with pytest.raises(PricemonError, match="belongs to the stack 'staging'"):
            world.plan()

    def test_a_role_of_the_same_environment_elsewhere_is_refused(self, world):
        world.up()
        aws = world.aws(region="us-east-1")
        with pytest.raises(PricemonError, match="belongs to the stack 'prod' in eu-west-1"):
            engine.plan([r for r in world.stack(aws) if r.kind == "role"], aws)

    def test_a_replacement_is_explained_and_done_only_when_named(self, world):
        world.up()
        client = world.usual.client("dynamodb")
        tags = client.list_tags_of_resource(
            ResourceArn=world.usual.arn("dynamodb", f"table/{TABLE}")
        )["Tags"]
        client.delete_table(TableName=TABLE)
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=tags,
        )
        change = next(c for c in world.plan().pending if c.id == f"table/{TABLE}")
        assert (change.kind, change.allowed) == (Kind.REPLACE, False)
        assert "keys can't change in place" in change.reason
        aws = world.usual
        stack = world.stack(aws)
        with pytest.raises(PricemonError, match="can't change in place") as refused:
            engine.apply(stack, aws)
        assert f"--replace table/{TABLE}" in str(refused.value.hint)
        assert client.describe_table(TableName=TABLE)["Table"]["KeySchema"][0] == {
            "AttributeName": "id",
            "KeyType": "HASH",
        }
        assert f"table/{TABLE}" in engine.apply(stack, aws, replace={f"table/{TABLE}"}).created
        assert world.plan().pending == ()


class TestFailure:
    def test_what_is_done_what_failed_and_what_was_not_begun(self, world, faults):
        faults.play("lambda", "CreateFunction", "AccessDeniedException", DENIED, times=9)
        aws = world.aws(faults)
        events: list[engine.Event] = []
        with pytest.raises(engine.ApplyError) as failed:
            engine.apply(world.stack(aws), aws, on_event=events.append)
        problem = failed.value
        assert set(problem.failed) == {
            "function/price-scraper-prod",
            "function/stream-processor-prod",
        }
        assert DENIED in problem.message
        assert "lambda:CreateFunction" in str(problem.hint)
        assert "again: it continues" in str(problem.hint)
        assert set(problem.not_started) >= {STREAM_MAPPING}
        assert {id_.partition("/")[0] for id_ in problem.not_started} <= {"mapping", "schedule"}
        assert f"table/{TABLE}" in problem.result.created
        assert {e.id for e in events if e.state == "skipped"} == set(problem.not_started)
        world.up()
        assert world.plan().pending == ()

    def test_waits_are_told_in_awss_words(self, world, faults):
        message = "The role defined for the function cannot be assumed by Lambda."
        faults.play("lambda", "CreateFunction", "InvalidParameterValueException", message, times=8)
        events: list[engine.Event] = []
        aws = world.aws(faults)
        engine.apply(world.stack(aws), aws, on_event=events.append)
        told = [event.detail for event in events if event.state == "waiting"]
        assert told
        assert all(message in words for words in told)


class TestDestroy:
    def test_dependents_go_first_and_log_groups_last(self, world):
        world.up()
        aws = world.usual
        stack = world.stack(aws)
        order = engine.destroy(stack, aws).deleted
        for resource in stack:
            for dependency in resource.dependencies():
                if {resource.id, dependency} <= set(order):
                    assert order.index(resource.id) < order.index(dependency)
        assert {id_.partition("/")[0] for id_ in order[-2:]} == {"log-group"}

    def test_kept_data_stays(self, world):
        world.up()
        aws = world.usual
        deleted = engine.destroy(world.stack(aws), aws, keep=("table", "bucket")).deleted
        assert not any(id_.startswith(("table/", "bucket/")) for id_ in deleted)
        state = {id_ for id_, there in world.state().items() if there is not None}
        assert {id_.partition("/")[0] for id_ in state} == {"table", "bucket"}
        assert engine.leftovers(world.stack(aws), aws, "prod") == ()

    def test_deletion_protection_is_honoured_before_anything_goes(self, world, configs):
        text = configs["base"] + "table: {deletion_protection: true}"
        world.up(text)
        aws = world.usual
        with pytest.raises(PricemonError, match="deletion protection is on") as refused:
            engine.destroy(world.stack(aws), aws)
        assert "--keep-data" in str(refused.value.hint)
        assert world.plan(text).pending == ()
        engine.destroy(world.stack(aws), aws, keep=("table",))

    def test_a_versioned_bucket_is_emptied(self, world):
        world.up()
        aws = world.usual
        s3 = aws.client("s3")
        name = "price-monitor-historical-prod-123456789012"
        s3.delete_bucket_policy(Bucket=name)  # moto takes it to forbid everything
        for number in range(3):
            for body in (b"1", b"2"):
                s3.put_object(Bucket=name, Key=f"prices/{number}", Body=body)
        s3.delete_object(Bucket=name, Key="prices/0")
        counts = engine.inventory(world.stack(aws), aws)
        assert counts[f"bucket/{name}"] == {"objects": 2, "versions": 7}
        engine.destroy(world.stack(aws), aws)
        assert set(world.state().values()) == {None}

    def test_half_of_it_gone_already(self, world):
        world.up()
        aws = world.usual
        for resource in world.stack(aws)[::2]:
            resource.delete(aws)
        engine.destroy(world.stack(aws), aws)
        assert set(world.state().values()) == {None}

    def test_the_inventory_counts_what_would_be_lost(self, world):
        aws = world.usual
        # without mappings: moto would run the functions
        stack = [r for r in world.stack(aws) if r.kind in {"table", "queue", "subscription"}]
        engine.apply(stack, aws)
        url = aws.client("sqs").get_queue_url(QueueName=QUEUE)["QueueUrl"]
        for _ in range(3):
            aws.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
        aws.client("dynamodb").put_item(
            TableName=TABLE, Item={"product_id": {"S": "p"}, "timestamp": {"N": "0"}}
        )
        counts = engine.inventory(stack, aws, keep=("topic",))
        assert counts[f"table/{TABLE}"] == {"rows": 1}
        assert counts[f"queue/{QUEUE}"] == {"messages": 3}
        assert not any(id_.startswith("topic/") for id_ in counts)
        topic = engine.inventory(stack, aws)["topic/price-monitor-notifications-prod"]
        assert topic == {"subscriptions": 2}

    def test_what_the_stack_does_not_know_is_left_over(self, world):
        world.up()
        aws = world.usual
        stray = aws.client("sqs").create_queue(QueueName="stray", tags={"pricemon:stack": "prod"})
        engine.destroy(world.stack(aws), aws)
        assert engine.leftovers(world.stack(aws), aws, "prod") == (aws.arn("sqs", "stray"),)
        assert stray


@pytest.mark.e2e
def test_one_config_after_another_where_everything_runs(embedded_world, configs):
    """As on moto: what the one forgets, the other keeps."""
    world = embedded_world
    world.up()
    assert world.plan().pending == ()
    world.up(configs["other"])
    assert world.plan(configs["other"]).pending == ()


@pytest.mark.e2e
def test_two_runs_at_the_same_time_converge(embedded_world):
    """Both create; what one has made, the other reads again and finds as wished.

    On the embedded AWS: moto lets two threads create the same thing at the same time.
    """
    world = embedded_world
    problems = []

    def run():
        try:
            aws = world.aws()
            engine.apply(world.stack(aws), aws)
        except Exception as problem:  # noqa: BLE001 - any is a failure of the test
            problems.append(problem)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert world.plan().pending == ()
    listed = world.usual.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert len(listed) == 2


DENIED = (
    "User: arn:aws:iam::123456789012:user/me is not authorized to perform: lambda:CreateFunction "
    "on resource: arn:aws:lambda:eu-west-1:123456789012:function:price-scraper-prod"
)


def test_a_plan_is_plain_data(world):
    world.up()
    aws = world.usual
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    [change] = world.plan().pending
    assert json.loads(json.dumps(change.as_dict())) == {
        "id": f"queue/{QUEUE}",
        "kind": "update",
        "fields": [{"field": "visibility_timeout", "old": 60, "new": 361}],
        "reason": "",
    }
    assert change.fields[0].lines() == ["visibility_timeout: 60 → 361"]
