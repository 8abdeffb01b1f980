"""What the alarms watch is what the functions write."""

import json

from lambda_src.scraper.metrics import Metrics
from pricemon import config
from pricemon.cloud.alarm import Alarm
from pricemon.cloud.alarms import alarms
from pricemon.cloud.names import Names
from pricemon.cloud.queue import Queue
from pricemon.core.model import Observation, Outcome

NAMES = Names("prod", "123456789012")


def made(text: str = "") -> dict[str, Alarm]:
    options = config.loads(f"retailers: {{shop-a: {{hosts: [shop.example]}}}}\n{text}")
    topic = Queue(name="stands-for-the-topic")
    found = alarms(options.alarms, options.schedule, NAMES, topic=topic, tags={})
    return {alarm.name: alarm for alarm in found}


def test_the_alarm_on_silence_watches_what_the_scraper_writes(capsys):
    """CloudWatch tells metrics apart by all their dimensions: a metric by shop is not its sum."""
    silence = made()[NAMES.alarm("no-success")]
    metrics = Metrics(NAMES.metrics_namespace)
    metrics.observed(
        Observation(
            product_id="p",
            timestamp=1,
            retailer="shop-a",
            run_id="r",
            outcome=Outcome.ACCEPTED,
        )
    )
    metrics.flush()
    written = []
    for document in map(json.loads, capsys.readouterr().out.splitlines()):
        for block in document["_aws"]["CloudWatchMetrics"]:
            for names in block["Dimensions"]:
                values = {name: document[name] for name in names}
                written += [(block["Namespace"], m["Name"], values) for m in block["Metrics"]]
    assert (silence.namespace, silence.metric, dict(silence.dimensions)) in written


def test_silence_is_two_schedule_periods():
    """Missing data is the worst of silence, and six-hourly sweeps are watched for twelve hours."""
    silence = made()[NAMES.alarm("no-success")]
    assert (silence.period, silence.evaluation_periods) == (6 * 3600, 2)
    assert (silence.threshold, silence.missing_data) == (1, "breaching")


def test_alarms_can_be_switched_off():
    """One switched off stays in the stack as absent, so that `up` removes it."""
    assert not any(alarm.present for alarm in made("alarms: {enabled: false}").values())
    assert not made("schedule: {enabled: false}")[NAMES.alarm("no-success")].present
