"""`dlq`: three queues, what is said of them, and the exit code of each end."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from lambda_src.stream_processor import rejects
from pricemon import config
from pricemon.cli import context, dlq
from pricemon.cloud.names import Names
from pricemon.cloud.session import Aws
from pricemon.config import Config
from pricemon.core import dead_letters
from pricemon.core.errors import GiveUp, UsageError
from pricemon.core.table import Table
from tests.core.table_kit import TABLE, client, moto_table
from tests.lambda_src.processor_kit import NOW, sequence

NAMES = Names("local", "123456789012")
QUEUES = (NAMES.queue, NAMES.dlq, NAMES.on_failure)


@pytest.fixture
def sqs(monkeypatch):
    monkeypatch.setattr(dead_letters, "WAIT_SECONDS", 0)
    with moto_table():
        made = client("sqs")
        for name in QUEUES:
            made.create_queue(QueueName=name)
        yield made


class Processor:
    """A Lambda client whose function handles everything, or fails with `error`."""

    exceptions = client("lambda").exceptions
    error = None

    def invoke(self, **_):
        body: dict = {"errorMessage": self.error} if self.error else {"batchItemFailures": []}
        payload = io.BytesIO(json.dumps(body).encode())
        return {"Payload": payload, **({"FunctionError": "Unhandled"} if self.error else {})}


@pytest.fixture
def processor():
    return Processor()


@pytest.fixture
def run(sqs, tmp_path, processor):
    """`pricemon dlq …`; what the command raises is raised here."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    app.add_typer(dlq.app, name="dlq")
    context.share_options(app)
    path = tmp_path / "pricemon.yaml"
    path.write_text("retailers: {shop-a: {hosts: [shop-a.test]}}\n", encoding="utf-8")

    def invoke(*arguments, code=0):
        mine = context.Context()
        vars(mine).update(
            config=config.load(path, None),
            names=NAMES,
            table=Table(client("dynamodb"), TABLE),
            aws=SimpleNamespace(
                client=lambda service: processor if service == "lambda" else client(service)
            ),
        )
        result = CliRunner().invoke(app, ["dlq", *arguments], obj=mine)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return invoke


def url(sqs, name):
    return sqs.get_queue_url(QueueName=name)["QueueUrl"]


def fail(sqs, *records):
    for each in records:
        error = GiveUp("internal", "out [of] luck")
        rejects.send(sqs, url(sqs, NAMES.on_failure), each, error, failed_at=NOW)


def put_job(sqs, number=1):
    body = json.dumps({"product_id": f"p{number}", "retailer": "shop-a", "url": "u"})
    sqs.send_message(QueueUrl=url(sqs, NAMES.dlq), MessageBody=body)


def test_each_queue_is_listed_by_itself_and_all_together(run, sqs):
    put_job(sqs)
    fail(sqs, *sequence(["100"], "p2"))
    (job,) = json.loads(run("list", "--json").stdout)
    (change,) = json.loads(run("list", "--queue", "changes", "--json").stdout)
    assert (job["queue"], job["product_id"]) == ("jobs", "p1")
    assert (change["queue"], change["product_id"], change["reason"]) == (
        "changes", "p2", "internal",
    )  # fmt: skip
    both = json.loads(run("list", "--queue", "all", "--json").stdout)
    assert [x["message_id"] for x in both] == [job["message_id"], change["message_id"]]
    shown = run("list", "--queue", "all").stdout
    assert shown.split()[0] == "queue"
    assert "out [of] luck" in shown


def test_the_newest_are_tailed(run, sqs):
    fail(sqs, *sequence(["1", "2", "3"]))
    lines = run("tail", "--queue", "changes", "-n", "2", "--json").stdout.splitlines()
    assert len([json.loads(line) for line in lines]) == 2


def test_an_empty_queue_is_said_to_be(run):
    assert "queue is empty" in run("list", "--queue", "changes").stderr
    assert "queues are empty" in run("list", "--queue", "all").stderr
    assert "none match" in run("list", "--product", "p9").stderr


def test_a_notifier_that_is_off_is_said_to_be_kindly(run):
    for command in (["list"], ["redrive"], ["purge", "--yes"], ["tail"]):
        with pytest.raises(UsageError, match="local has no notifier"):
            run(*command, "--queue", "notifier")


def test_a_queue_of_another_name_is_a_usage_error(run):
    with pytest.raises(UsageError, match="no such queue: orders") as raised:
        run("list", "--queue", "orders")
    assert raised.value.hint == "one of jobs, changes, notifier, all"
    run("redrive", "--queue", "all", code=2)


def test_without_a_stack_up_is_named(run, sqs):
    sqs.delete_queue(QueueUrl=url(sqs, NAMES.on_failure))
    with pytest.raises(UsageError, match=NAMES.on_failure) as raised:
        run("list", "--queue", "changes")
    assert "pricemon up" in (raised.value.hint or "")


def test_jobs_are_sent_back(run, sqs):
    put_job(sqs)
    would = json.loads(run("redrive", "--dry-run", "--json").stdout)["would_redrive"]
    assert [x["product_id"] for x in would] == ["p1"]
    assert json.loads(run("redrive", "--json").stdout) == {"redriven": 1}
    assert "0 jobs" in run("redrive").stdout


def test_notifications_are_sent_back_as_they_are(run, sqs):
    for name in (NAMES.notifier_queue, NAMES.notifier_dlq):
        sqs.create_queue(QueueName=name)
    body = json.dumps({"alert_id": "a", "product_id": "p1", "channel": "ntfy"})
    sqs.send_message(QueueUrl=url(sqs, NAMES.notifier_dlq), MessageBody=body)
    assert "1 notifications" in run("redrive", "--queue", "notifier").stdout
    (message,) = sqs.receive_message(QueueUrl=url(sqs, NAMES.notifier_queue))["Messages"]
    assert message["Body"] == body


def test_changes_are_rehearsed_without_a_call(run, sqs):
    fail(sqs, *sequence(["100", "80"]))
    (task, _) = json.loads(run("redrive", "--queue", "changes", "--dry-run", "--json").stdout)[
        "would_redrive"
    ]
    assert (task["source"], task["changes"], task["problem"]) == ("message", 1, None)
    assert "messages themselves" in run("redrive", "--queue", "changes", "--dry-run").stdout


def test_changes_are_replayed_and_what_stays_is_an_exit_code(run, sqs, processor):
    fail(sqs, *sequence(["100", "80"]))
    processor.error = "out [of] memory"
    failed = json.loads(run("redrive", "--queue", "changes", "--json", code=1).stdout)
    assert (failed["redriven"], failed["changes"]) == (0, 0)
    assert {(x["product_id"], x["problem"]) for x in failed["left"]} == {("p1", "out [of] memory")}
    assert "stays: p1: out [of] memory" in run("redrive", "--queue", "changes", code=1).stdout
    processor.error = None
    assert "2 messages replayed: 2 changes handled" in run("redrive", "--queue", "changes").stdout
    done = json.loads(run("redrive", "--queue", "changes", "--json").stdout)
    assert done == {"redriven": 0, "changes": 0, "refused": 0, "left": []}


def test_the_config_has_what_the_commands_ask_of_it():
    assert {"queues", "notifier"} <= set(Config.model_fields)
    assert callable(Aws.client)


def test_purging_tells_the_number_and_asks(run, sqs):
    fail(sqs, *sequence(["100", "80"]))
    with pytest.raises(UsageError, match="no terminal"):
        run("purge", "--queue", "changes")
    assert "2 failed changes" in run("purge", "--queue", "changes", "--yes").stdout
    assert json.loads(run("list", "--queue", "changes", "--json").stdout) == []
