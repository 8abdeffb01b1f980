"""The contract of a resource, held against every kind of them."""

from typing import Any

import pytest

from pricemon.cloud import engine
from pricemon.cloud.plan import Kind, compare
from pricemon.cloud.resource import Resource, is_unknown

KINDS = (
    *("alarm", "bucket", "dashboard", "function", "log-group", "mapping", "queue"),
    *("role", "schedule", "schedule-group", "subscription", "table", "topic"),
)


def of_kind(stack: tuple[Resource, ...], kind: str) -> list[Resource]:
    return [resource for resource in stack if resource.kind == kind and resource.present]


def test_every_kind_is_held_to_it(world, configs):
    stack = world.stack(world.usual, configs["other"])
    assert sorted({resource.kind for resource in stack}) == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_contract(world, configs, kind):
    aws = world.usual
    resources = of_kind(world.stack(aws, configs["other"]), kind)
    names = {resource.id for resource in resources}

    for resource in resources:
        assert resource.read(aws) is None
        resource.delete(aws)  # what is not there is deleted already

    made = engine.apply(resources, aws)
    assert names <= set(made.created)
    assert engine.plan(resources, aws).pending == ()
    assert engine.apply(resources, aws).created == ()

    for resource in resources:
        found = resource.read(aws)
        assert found is not None
        state, outputs = found
        want = resource.desired(lambda ref: made.outputs[ref.to.id][ref.attr])
        assert list(want) == sorted(want, key=list(want).index)
        assert want.keys() == state.keys()
        assert want == state
        assert made.outputs[resource.id] == outputs
        assert resource.foreseen(aws).items() <= outputs.items()
        assert resource.owned(state)
        change_each_field(resource, state, made)

    for resource in resources:
        resource.delete(aws)
        assert resource.read(aws) is None
        resource.delete(aws)


def change_each_field(resource: Resource, state: Any, made: engine.Result) -> None:
    """A field that differs is the one that the change names; a fixed one asks for more."""
    for field in state:
        if field == "tags":
            other: Any = {**state["tags"], "somebody": "else"}
        elif field == "body":
            other = {"widgets": [*state["body"]["widgets"], {"type": "text"}]}
        else:
            other = ["something else"]
        change = compare(
            resource,
            ({**state, field: other}, {}),
            lambda ref: made.outputs[ref.to.id][ref.attr],
        )
        assert change.kind == (Kind.REPLACE if field in resource.fixed else Kind.UPDATE)
        assert [(f.field, f.old, f.new) for f in change.fields] == [(field, other, state[field])]
        assert change.fields[0].lines()


def test_what_aws_will_choose_is_unknown_before(world):
    """ARNs that follow from names are known in a plan; URLs and a stream's beginning are not."""
    plan = world.plan()
    unknown = {
        f"{change.id}.{field.field}"
        for change in plan.changes
        for field in change.fields
        if is_unknown(field.new)
    }
    assert unknown == {
        "function/price-scraper-prod.environment",
        "function/stream-processor-prod.environment",
        "mapping/price-monitor-prod-to-stream-processor-prod.sources",
    }
