"""The on-failure queue, replayed by the real processor: what was lost is told, once, in order."""

import io
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lambda_src.stream_processor import rejects
from pricemon.core import archive, dead_letters, items
from pricemon.core.errors import GiveUp, PricemonError
from pricemon.core.model import Observation, Outcome
from pricemon.core.replaying import replay
from pricemon.core.replaying.failures import Window
from pricemon.core.replaying.invoking import Answer, Function
from pricemon.core.replaying.rebuilt import Archive
from pricemon.core.replaying.replay import Replay
from tests.core.replaying.replay_kit import ARN, Shard, letter
from tests.core.table_kit import BUCKET, REGION, client
from tests.lambda_src.processor_kit import HOUR, NOW, TABLE, Stack, build, sequence

DAY = 24 * HOUR


@dataclass
class Lambda:
    """Calls the processor, as Lambda does; for the products in `crash` it fails."""

    stack: Stack
    crash: set[str] = field(default_factory=set)
    again: set[str] = field(default_factory=set)
    calls: list[list[str]] = field(default_factory=list)

    exceptions = client("lambda").exceptions

    def invoke(self, *, FunctionName, InvocationType, Payload):  # noqa: N803 - boto3's own
        assert (FunctionName, InvocationType) == ("processor", "RequestResponse")
        records = json.loads(Payload)["Records"]
        ids = [each["dynamodb"]["Keys"]["product_id"]["S"] for each in records]
        self.calls.append(ids)
        if self.crash & {*ids}:
            body = {"errorType": "MemoryError", "errorMessage": "out of memory"}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(body).encode())}
        failed = self.stack.process(records)
        failed += [
            each["dynamodb"]["SequenceNumber"]
            for each, product_id in zip(records, ids, strict=True)
            if product_id in self.again
        ][:1]
        answer = {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


class World:
    """A processor, its on-failure queue, its stream and its archive."""

    def __init__(self):
        self.stack = build()
        self.url = self.stack.wiring.on_failure_url
        self.function = Lambda(self.stack)
        self.streams = Shard([])
        self.s3 = client("s3")
        self.s3.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )

    def replay(self):
        return Replay(
            sqs=self.stack.sqs,
            queue_url=self.url,
            streams=self.streams,
            archive=Archive(s3=self.s3, bucket=BUCKET, table=self.stack.table, lag=DAY),
            function=Function(self.function, "processor"),
        )

    def run(self, *, select=lambda _: True, limit=None):
        return self.replay().run(select, limit)

    def put_away(self, *records):
        """As the processor does it with what it cannot process."""
        error = GiveUp("internal", "a bug that is mended now")
        for each in records:
            rejects.send(self.stack.sqs, self.url, each, error, failed_at=NOW)

    def give_up(self, records):
        """As Lambda does it with a batch whose retries have run out."""
        body = {
            "requestContext": {"condition": "RetryAttemptsExhausted"},
            "DDBStreamBatchInfo": {
                "shardId": "s",
                "startSequenceNumber": records[0]["dynamodb"]["SequenceNumber"],
                "endSequenceNumber": records[-1]["dynamodb"]["SequenceNumber"],
                "approximateArrivalOfFirstRecord": iso(observed(records[0])),
                "approximateArrivalOfLastRecord": iso(observed(records[-1])),
                "batchSize": len(records),
                "streamArn": ARN,
            },
        }
        self.stack.sqs.send_message(QueueUrl=self.url, MessageBody=json.dumps(body))

    def trim(self):
        self.streams = Shard([], refusal="TrimmedDataAccessException")

    def archive(self, records):
        """As the scraper does it, an object for each hour."""
        for each in records:
            row = items.product(each["dynamodb"]["NewImage"])
            assert row.known is not None
            seen = Observation(
                product_id=row.product_id,
                timestamp=row.known.observed_at,
                retailer=row.retailer,
                run_id="r",
                outcome=Outcome.ACCEPTED,
                price=row.known.price,
                currency=row.known.currency,
            )
            archive.write(self.s3, BUCKET, [archive.Entry(observation=seen, product=row)])

    def waiting(self):
        return dead_letters.letters(self.stack.sqs, self.url)

    def told(self):
        return [(each["product_id"], each["new_price"]) for each in self.stack.delivered()]


def observed(record):
    return int(record["dynamodb"]["NewImage"]["observed_at"]["N"])


def iso(milliseconds):
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setattr(dead_letters, "WAIT_SECONDS", 0)
    with mock_aws():
        yield World()


def test_records_are_replayed_in_the_order_of_time(world):
    first, second, third = sequence(["100", "80", "60"])
    world.put_away(third, second, first, *sequence(["50", "40"], "p2"))
    report = world.run()
    assert (report.replayed, report.changes, report.left, report.refused) == (5, 5, [], 0)
    assert Counter(world.told()) == {("p1", "80.00"): 1, ("p1", "60.00"): 1, ("p2", "40.00"): 1}
    assert world.waiting() == []
    assert sorted(map(sorted, world.function.calls)) == [["p1"] * 3, ["p2"] * 2]


def test_what_cannot_be_read_stays_as_it_was_and_harms_nobody(world):
    poison, *_ = sequence(["100"], "p2")
    poison["dynamodb"]["NewImage"]["price"] = {"S": "cheap"}
    world.put_away(poison, *sequence(["100", "80"]))
    before = {x.message_id for x in world.waiting() if x.product_id == "p2"}
    report = world.run()
    assert (report.replayed, world.told()) == (2, [("p1", "80.00")])
    assert {x.message_id for x in world.waiting()} == before
    (left,) = report.left
    assert left.letter.product_id == "p2"
    assert "price" in left.problem


def test_a_product_that_breaks_the_function_harms_no_other(world):
    world.put_away(*sequence(["100", "80"], "p1"), *sequence(["100", "70"], "p2"))
    world.function.crash = {"p1"}
    report = world.run()
    assert world.told() == [("p2", "70.00")]
    assert {(x.letter.product_id, x.problem) for x in report.left} == {("p1", "out of memory")}
    assert {x.product_id for x in world.waiting()} == {"p1"}
    world.function.crash = set()
    assert world.run().replayed == 2
    assert world.told() == [("p1", "80.00")]


def test_a_failure_that_is_reported_leaves_that_record_and_those_after_it(world):
    world.put_away(*sequence(["100", "80"], "p1"))
    world.function.again = {"p1"}
    report = world.run()
    assert (report.replayed, len(report.left), len(world.waiting())) == (0, 2, 2)


def test_a_record_that_is_refused_again_is_told_of_and_is_not_tried_for_ever(world):
    item = items.key("p1", items.ALERT_STATE) | {"reference_price": {"S": "much"}}
    world.stack.dynamodb.put_item(TableName=TABLE, Item=item)
    world.put_away(*sequence(["100"]))
    report = world.run()
    assert (report.replayed, report.refused, len(world.function.calls)) == (1, 1, 1)
    (again,) = world.waiting()
    assert again.reason == "bad_message"


def test_a_batch_is_read_from_the_stream_and_what_was_handled_is_recognised(world):
    records = [*sequence(["100", "80"], "p1"), *sequence(["100", "70"], "p2", start=3)]
    world.stack.process(records[:2])
    assert world.told() == [("p1", "80.00")]
    world.streams = Shard(records)
    world.give_up(records)
    report = world.run()
    assert (report.replayed, report.changes) == (1, 4)
    assert world.told() == [("p2", "70.00")]
    assert world.waiting() == []


def test_after_the_stream_has_trimmed_it_the_archive_tells_the_same(world):
    """Alerts as of a processor that never failed: none missing, none twice."""
    dice = random.Random(5)
    shop = [sequence([str(dice.randrange(50, 150)) for _ in range(12)], f"p{n}") for n in range(8)]
    sweeps = [list(sweep) for sweep in zip(*shop, strict=True)]
    for sweep in sweeps:
        world.stack.process(sweep)
    expected = Counter(alert["alert_id"] for alert in world.stack.delivered())
    assert len(expected) > 10
    forget(world)

    world.archive(each for sweep in sweeps for each in sweep)
    for sweep in sweeps[:6]:
        world.stack.process(sweep)
    for sweep in sweeps[6:9]:
        world.give_up(sweep[:4])  # as halves, as Lambda splits what fails
        world.give_up(sweep[4:])
    world.trim()
    report = world.run()
    assert (report.replayed, report.left) == (6, [])
    for sweep in sweeps[9:]:
        world.stack.process(sweep)
    found = Counter(alert["alert_id"] for alert in world.stack.delivered())
    assert found == expected
    assert world.waiting() == []


def forget(world):
    """Empty the table."""
    for item in world.stack.dynamodb.scan(TableName=TABLE)["Items"]:
        key = {name: item[name] for name in ("product_id", "timestamp")}
        world.stack.dynamodb.delete_item(TableName=TABLE, Key=key)


def test_before_the_archive_begins_the_table_knows_the_last_price(world):
    history = {NOW - 9 * DAY: "100"}
    world.stack.put_history("p1", history)
    (changed,) = sequence(["70"])
    world.archive([changed])
    world.give_up([changed])
    world.trim()
    assert world.run().replayed == 1
    (alert,) = world.stack.delivered()
    assert (alert["old_price"], alert["new_price"]) == ("100.00", "70.00")


def test_a_record_too_large_for_the_queue_is_had_from_the_archive(world):
    """It is known by its product alone; the others' changes are none of its business."""
    huge = sequence(["100", "70"], title="x" * 130_000)
    world.archive([*huge, *sequence(["100", "60"], "p2")])
    world.stack.now = NOW + 3 * HOUR
    error = GiveUp("internal", "")
    rejects.send(world.stack.sqs, world.url, huge[1], error, failed_at=world.stack.now)
    assert world.run().replayed == 1
    assert world.told() == [("p1", "70.00")]


def test_what_neither_stream_nor_archive_has_stays(world):
    world.give_up(sequence(["100", "80"]))
    world.trim()
    report = world.run()
    assert report.replayed == 0
    assert [x.problem for x in report.left] == [
        "neither the stream nor the archive has these changes any more"
    ]
    assert len(world.waiting()) == 1


def test_a_damaged_archive_is_used_as_far_as_it_goes_and_the_message_stays(world):
    records = sequence(["100", "80"])
    world.archive(records)
    world.s3.put_object(Bucket=BUCKET, Key=f"{archive.hour_prefix(NOW)}x.jsonl.gz", Body=b"no")
    world.give_up(records)
    world.trim()
    report = world.run()
    assert world.told() == [("p1", "80.00")]
    assert "could not be read" in report.left[0].problem
    assert len(world.waiting()) == 1


def test_a_message_of_no_stream_harms_no_other(world):
    class Refusing(Shard):
        def get_shard_iterator(self, **_):
            error = {"Error": {"Code": "ValidationException", "Message": "of another account"}}
            raise ClientError(error, "GetShardIterator")

    world.streams = Refusing([])
    world.give_up(sequence(["100", "80"], "p2"))
    world.put_away(*sequence(["100", "80"]))
    report = world.run()
    assert (report.replayed, world.told()) == (2, [("p1", "80.00")])
    assert "of another account" in report.left[0].problem
    assert len(world.waiting()) == 1


def test_a_rehearsal_finds_everything_and_changes_nothing(world):
    records = sequence(["100", "80"])
    world.streams = Shard(records)
    world.give_up(records)
    world.put_away(*sequence(["100"], "p2"))
    tasks = world.replay().rehearse(lambda _: True, None)
    assert {(task.source, len(task.records)) for task in tasks} == {("stream", 2), ("message", 1)}
    assert world.function.calls == []
    assert len(world.waiting()) == 2


def test_a_selection_and_a_limit(world):
    world.put_away(*(each for n in range(6) for each in sequence(["100"], f"p{n}")))
    assert world.run(select=lambda x: x.matches(product_id="p3")).replayed == 1
    assert world.run(limit=2).replayed == 2
    assert len(world.waiting()) == 3


def test_where_nothing_goes_well_not_everything_is_tried(world, monkeypatch):
    monkeypatch.setattr(replay, "WORKERS", 1)
    products = {f"p{n}" for n in range(9)}
    world.put_away(*(each for product_id in products for each in sequence(["100"], product_id)))
    world.function.crash = products
    report = world.run()
    assert len(world.function.calls) == 3
    assert Counter(x.problem for x in report.left) == {
        "out of memory": 3,
        "not tried, as all before it failed": 6,
    }


def test_without_the_function_there_is_one_sentence(world):
    def absent(**_):
        error = world.function.exceptions.ResourceNotFoundException
        raise error({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "Invoke")

    world.function.invoke = absent
    world.put_away(*sequence(["100"]))
    with pytest.raises(PricemonError, match="there is no function processor"):
        world.run()
    assert len(world.waiting()) == 1


def test_cut_off_before_the_deletion_nothing_is_lost_and_nothing_told_twice(world, monkeypatch):
    world.put_away(*sequence(["100", "80"]))

    def cut(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as cutting:
        cutting.setattr(dead_letters, "delete", cut)
        with pytest.raises(KeyboardInterrupt):
            world.run()
    assert len(world.waiting()) == 2
    assert world.run().replayed == 2
    assert world.told() == [("p1", "80.00")]


def test_a_large_product_is_called_for_in_parts():
    sizes = []

    class Counting:
        exceptions = Lambda.exceptions

        def invoke(self, **call):
            sizes.append(len(call["Payload"]))
            return {"Payload": io.BytesIO(b'{"batchItemFailures": []}')}

    records = sequence([str(n) for n in range(60)], title="x" * 100_000)
    answer = Function(Counting(), "processor").handle(records)
    assert answer == Answer(handled=60)
    assert len(sizes) == 3
    assert max(sizes) < 6 * 1024 * 1024


def test_windows_that_overlap_are_one():
    def lost(since, until, product_id=None):
        return letter("{}"), Window(since=since, until=until, product_id=product_id)

    pairs = [lost(5, 9), lost(1, 5), lost(20, 30), lost(2, 3, "p"), lost(8, 10)]
    found = [(len(letters), window) for letters, window in replay.merged(pairs)]
    assert found == [
        (3, Window(since=1, until=10)),
        (1, Window(since=20, until=30)),
        (1, Window(since=2, until=3, product_id="p")),
    ]


def test_prices_are_exact_on_their_way_through_the_archive(world):
    records = sequence(["100.10", "0.30"])
    world.archive(records)
    rebuilt = Archive(s3=world.s3, bucket=BUCKET, table=world.stack.table, lag=DAY).changes(
        Window(since=NOW, until=NOW + DAY)
    )
    image = rebuilt.records[-1]["dynamodb"]["NewImage"]
    assert image == records[-1]["dynamodb"]["NewImage"]
    assert Decimal(image["price"]["N"]) == Decimal("0.30")
