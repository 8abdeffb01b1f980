"""Subscriptions that leave the config are removed; those made by hand stay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pricemon.cloud import engine, roster
from pricemon.cloud.subscription import Subscription
from pricemon.cloud.topic import Topic

TOPIC = "arn:aws:sns:eu-west-1:123456789012:price-monitor-notifications-prod"
TOPIC_ID = "topic/price-monitor-notifications-prod"
HEAD = "env: prod\nregion: eu-west-1\nretailers: {shop: {hosts: [shop.example]}}\n"
MAIL = "{protocol: email, endpoint: buyer@example.com}"
HOOK = "{protocol: https, endpoint: 'https://hook.example/s3cret-path'}"


def config(*subscriptions: str) -> str:
    return f"{HEAD}subscriptions: [{', '.join(subscriptions)}]\n"


def endpoints(world):
    listed = world.aws().client("sns").list_subscriptions_by_topic(TopicArn=TOPIC)
    return sorted(each["Endpoint"] for each in listed["Subscriptions"])


def recorded(world):
    tags = world.aws().client("sns").list_tags_for_resource(ResourceArn=TOPIC)["Tags"]
    return roster.split({tag["Key"]: tag["Value"] for tag in tags})[1]


def by_hand(world, endpoint):
    world.aws().client("sns").subscribe(TopicArn=TOPIC, Protocol="email", Endpoint=endpoint)


def test_what_leaves_the_config_is_unsubscribed_and_what_was_made_by_hand_stays(world):
    world.up(config(MAIL, HOOK))
    by_hand(world, "friend@example.com")
    (change,) = world.plan(config(MAIL)).pending
    assert change.id == TOPIC_ID
    (field,) = change.fields
    assert field.old == ["email:buyer@example.com", "https://hook.example/…"]
    assert field.new == ["email:buyer@example.com"]

    world.up(config(MAIL))
    assert endpoints(world) == ["buyer@example.com", "friend@example.com"]
    assert world.plan(config(MAIL)).pending == ()
    assert len(recorded(world)) == 1

    world.up(config())
    assert endpoints(world) == ["friend@example.com"]
    assert recorded(world) == set()


def test_one_that_comes_back_is_made_again(world):
    for wanted in (config(MAIL), config(), config(MAIL)):
        world.up(wanted)
        assert world.plan(wanted).pending == ()
    assert endpoints(world) == ["buyer@example.com"]


def test_a_stack_from_before_the_roster_gets_one(world):
    world.up(config(MAIL))
    world.aws().client("sns").untag_resource(ResourceArn=TOPIC, TagKeys=[roster.KEY])
    assert [change.id for change in world.plan(config(MAIL)).pending] == [TOPIC_ID]
    world.up(config(MAIL))
    assert world.plan(config(MAIL)).pending == ()
    assert len(recorded(world)) == 1


def test_whatever_cuts_it_off_nobody_stays_subscribed(world, calls, cut):
    """At every call of the `up` that takes one subscription away and makes another."""
    for number in range(1, 100):
        apply(world.aws(), world, config(HOOK))
        trouble = calls(cut_at=number)
        try:
            apply(world.aws(trouble), world, config(MAIL))
        except cut:
            apply(world.aws(), world, config(MAIL))
            assert endpoints(world) == ["buyer@example.com"], trouble.made[-1]
            apply(world.aws(), world, config())
        else:
            assert number > 8
            return


def apply(aws, world, text):
    """An `up` of the topic and its subscriptions alone."""
    stack = world.stack(aws, text)
    chosen = [r for r in stack if isinstance(r, Topic | Subscription) and r.present]
    engine.apply(chosen, aws)


def test_one_that_awaits_confirmation_is_kept_in_mind_until_it_can_be_removed(world, monkeypatch):
    world.up(config(MAIL, HOOK))
    pending = {"SubscriptionArn": "PendingConfirmation", "Protocol": "https"}
    pending["Endpoint"] = "https://hook.example/s3cret-path"
    real = roster._with
    with monkeypatch.context() as unanswered:
        unanswered.setattr(roster, "_with", lambda *given: [pending] if given[2] else real(*given))
        assert world.plan(config(MAIL)).pending == ()
    assert [change.id for change in world.plan(config(MAIL)).pending] == [TOPIC_ID]


def test_a_subscription_that_awaits_confirmation_is_as_wished_and_says_so(world):
    """What `status` shows as unconfirmed. moto and the embedded AWS confirm everything at once."""
    world.up(config(MAIL))
    aws = world.aws()
    stack = world.stack(aws, config(MAIL))
    (mail,) = [each for each in stack if isinstance(each, Subscription) and each.present]
    listed = {"SubscriptionArn": "PendingConfirmation", "Protocol": "email"}
    listed["Endpoint"] = "buyer@example.com"

    class Asked:
        """An AWS whose one subscription was not answered yet."""

        arn = aws.arn

        @staticmethod
        def listed(*_: object, **__: object) -> list[dict[str, str]]:
            return [listed]

    found = mail.read(Asked())  # type: ignore[arg-type]
    assert found is not None
    state, outputs = found
    assert state == mail.desired(lambda _: TOPIC)
    assert outputs == {"arn": "PendingConfirmation"}


def test_more_subscribers_than_a_tag_holds(world):
    many = [f"{{protocol: email, endpoint: buyer{n}@example.com}}" for n in range(60)]
    world.up(config(*many))
    assert len(recorded(world)) == 60
    world.up(config(*many[:3]))
    assert len(recorded(world)) == 3
    assert world.plan(config(*many[:3])).pending == ()


@pytest.mark.parametrize("count", [0, 1, 28, 29, 100])
def test_the_roster_comes_back_from_its_tags(count):
    prints = {roster.fingerprint("email", str(number)) for number in range(count)}
    tags = roster.as_tags(prints)
    assert roster.split({**tags, "team": "pricing"}) == ({"team": "pricing"}, prints)
    assert all(len(value) <= 256 for value in tags.values())


def test_what_is_shown_of_a_url_is_its_host():
    shown = roster.visible("https", "https://user:pw@hook.example:8443/s3cret?token=x")
    assert shown == "https://hook.example/…"
    assert roster.visible("sms", "+4912345678") == "sms:+4912345678"


def test_the_topic_alone_says_who_is_on_the_roster(world):
    world.up(config(MAIL))
    (topic,) = [each for each in world.stack(world.aws(), config(MAIL)) if isinstance(each, Topic)]
    nobody = replace(topic, subscribers={})
    found = nobody.read(world.aws())
    assert found is not None
    assert found[0]["subscribers"] == ["email:buyer@example.com"]
    assert found[0]["tags"] == dict(topic.tags)
