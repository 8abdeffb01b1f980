"""An AWS in this process (moto), stacks of several configs on it, and ways to make it misbehave."""

import base64
import hashlib
import socket
import threading
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property, partial, partialmethod, wraps
from pathlib import Path
from typing import Any

import boto3
import pytest
import xmltodict  # type: ignore[import-untyped]  # comes with moto, without types
from botocore.loaders import Loader
from moto import mock_aws
from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend
from moto.core import routing
from moto.dynamodb.models import DynamoDBBackend
from moto.s3.responses import S3Response
from moto.scheduler.exceptions import ScheduleGroupNotFound
from moto.scheduler.models import EventBridgeSchedulerBackend
from moto.sqs.models import Queue

from pricemon import config
from pricemon.cloud import engine, stack
from pricemon.cloud.bundle import Bundle
from pricemon.cloud.patience import Patience
from pricemon.cloud.plan import Plan
from pricemon.cloud.resource import Resource
from pricemon.cloud.session import Aws
from pricemon.local import embedded
from pricemon.local.embedded import Endpoint

BASE = """
env: prod
region: eu-west-1
tags: {team: pricing}
retailers:
  shop: {hosts: [shop.example]}
subscriptions:
  - {protocol: email, endpoint: buyer@example.com, kinds: [drop_percent]}
  - {protocol: sqs, endpoint: "arn:aws:sqs:eu-west-1:123456789012:elsewhere", raw: true}
"""

OTHER = """
env: prod
region: eu-west-1
tags: {team: buying, cost-center: "7"}
dashboard: true
schedule: {expression: rate(2 hours), window: 0}
table: {keep_days: 90, deletion_protection: false}
queues: {retention: 43200, max_receive_count: 5}
functions:
  scraper: {timeout: 90, memory: 1024, batch_size: 10, python: "3.12", reserved_concurrency: 20}
  stream_processor: {retries: 3, log_retention: 30}
bucket: {lifecycle: {expire: 400}}
alarms: {scraper_errors: 9, iterator_age: null}
retailers:
  shop: {hosts: [shop.example]}
subscriptions:
  - {protocol: email, endpoint: buyer@example.com, kinds: [drop_percent], retailers: [shop]}
  - {protocol: sqs, endpoint: "arn:aws:sqs:eu-west-1:123456789012:elsewhere", raw: false}
"""


LOADER = Loader()
"""The descriptions of the services, read once for all sessions."""


CLIENTS: defaultdict[str | None, dict[str, Future[Any]]] = defaultdict(dict)
"""By endpoint; `None` is moto."""


class Cut(BaseException):
    """The process is gone: no further call is made, and no `except Exception` notices."""


@dataclass
class Time:
    """A clock that only sleeping moves."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)

    @property
    def patience(self) -> Patience:
        return Patience(clock=lambda: self.now, sleep=self.sleep, random=lambda: 0.5)


@dataclass
class Calls:
    """Counts AWS calls; at the `cut_at`-th, pulls the plug before or after it is carried out."""

    cut_at: int | None = None
    carried_out: bool = False
    made: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def attach(self, session: boto3.Session) -> None:
        session.events.register_first("before-call", self.before)
        session.events.register_last("after-call", self.after)

    def before(self, model: Any, **_: Any) -> None:
        with self.lock:
            self.made.append(f"{model.service_model.service_name}.{model.name}")
            number = len(self.made)
        if self.cut_at is not None and number >= self.cut_at + self.carried_out:
            raise Cut

    def after(self, **_: Any) -> None:
        if self.cut_at is not None and self.carried_out and len(self.made) >= self.cut_at:
            raise Cut


def one_at_a_time(build: Callable[..., Any]) -> Callable[..., Any]:
    """Threads in turn: CPython 3.11 miscounts when two build syntax trees at the same time.

    moto compiles a service's routes from such trees at its first call, and calls come in parallel.
    """
    turn = threading.Lock()

    @wraps(build)
    def guarded(*args: Any, **options: Any) -> Any:
        with turn:
            return build(*args, **options)

    return guarded


routing._create_map = one_at_a_time(routing._create_map)


def _answer(status: int, **parsed: Any) -> tuple[Any, dict[str, Any]]:
    """What botocore takes for the answer of the service."""
    response = type("Response", (), {"status_code": status, "headers": {}})()
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": {}}
    return response, {**parsed, "ResponseMetadata": metadata}


@dataclass
class Faults:
    """Errors played for the first calls of an operation: `play("lambda", "CreateFunction", …)`."""

    left: Counter[str] = field(default_factory=Counter)
    errors: dict[str, tuple[str, str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    then_succeed: bool = False
    """Answer everything else with an empty success, without any AWS."""

    def play(
        self, service: str, operation: str, code: str, message: str, *, times: int = 3
    ) -> None:
        key = f"{service}.{operation}"
        self.left[key], self.errors[key] = times, (code, message)

    def attach(self, session: boto3.Session) -> None:
        session.events.register_first("before-call", self.before)

    def before(self, model: Any, **_: Any) -> tuple[Any, dict[str, Any]] | None:
        key = f"{model.service_model.service_name}.{model.name}"
        with self.lock:
            if not self.left[key]:
                return _answer(200) if self.then_succeed else None
            self.left[key] -= 1
        code, message = self.errors[key]
        return _answer(400, Error={"Code": code, "Message": message})


@dataclass
class World:
    """What a test needs: sessions with or without trouble, stacks, and the state of everything."""

    folder: Path
    time: Time = field(default_factory=Time)
    endpoint: Endpoint | None = None
    """The embedded AWS, where time is real; `None` is moto, where it is not."""

    def aws(self, *troubles: Calls | Faults, region: str = "eu-west-1") -> Aws:
        at = self.endpoint
        session = boto3.Session(
            region_name=region,
            aws_access_key_id=at and at.access_key,
            aws_secret_access_key=at and at.secret_key,
        )
        session._session.register_component("data_loader", LOADER)
        for trouble in troubles:
            trouble.attach(session)
        if at is not None:
            return Aws(session=session, endpoint_url=at.url)
        return Aws(session=session, patience=self.time.patience)

    def stack(self, aws: Aws, text: str = BASE) -> tuple[Resource, ...]:
        return stack.build(config.loads(text), aws=aws, bundles=self.bundle).resources

    def bundle(self, function: str) -> Bundle:
        """A zip of a few bytes: what is in it is not this folder's concern."""
        path = self.folder / f"{function}.zip"
        if not path.exists():
            with zipfile.ZipFile(path, "w") as archive:
                entry = zipfile.ZipInfo(f"lambda_src/{function}/handler.py")
                archive.writestr(entry, "def handler(event, context): ...\n")
        content = path.read_bytes()
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        return Bundle(
            function=function,
            path=path,
            sha256=digest,
            size=len(content),
            unzipped_size=len(content),
        )

    @cached_property
    def usual(self) -> Aws:
        """Everything that meets no trouble shares its clients, over all tests: they are dear."""
        aws = self.aws()
        aws._clients = CLIENTS[self.endpoint.url if self.endpoint else None]
        return aws

    def up(self, text: str = BASE) -> engine.Result:
        aws = self.usual
        return engine.apply(self.stack(aws, text), aws)

    def plan(self, text: str = BASE) -> Plan:
        aws = self.usual
        return engine.plan(self.stack(aws, text), aws)

    def state(self, text: str = BASE) -> dict[str, Any]:
        """What exists, by resource; times that AWS chose are left out."""
        aws = self.usual
        found = {r.id: r.read(aws) for r in self.stack(aws, text)}
        return {id_: there and _timeless(there[0]) for id_, there in found.items()}


def _timeless(state: Any) -> Any:
    """Without the start of a stream in its ARN."""
    return {
        key: [s.partition("/stream/")[0] for s in value] if key == "sources" else value
        for key, value in state.items()
    }


def s3_keeps_tags(self: Any, put: Any, request: Any, name: str, querystring: Any) -> Any:
    """`CreateBucket` tags the bucket that it makes."""
    answer = put(self, request, name, querystring)
    if not querystring and b"<Tags>" in (self.body or b""):
        body = xmltodict.parse(self.body)["CreateBucketConfiguration"]["Tags"]["Tag"]
        listed = body if isinstance(body, list) else [body]
        self.backend.put_bucket_tagging(name, {tag["Key"]: tag["Value"] for tag in listed})
    return answer


def sqs_keeps_redrive_allow(self: Any, attributes: Any) -> Any:
    """`RedriveAllowPolicy` can be read back."""
    allow = getattr(self, "redrive_allow_policy", None)
    return attributes(self) | ({"RedriveAllowPolicy": allow} if allow else {})


def lambda_refuses_duplicates(self: Any, create: Any, spec: Any) -> Any:
    """A function follows a source once."""
    with _one_mapping_at_a_time:
        wanted = (spec["EventSourceArn"], spec["FunctionName"])
        for each in list(self._event_source_mappings.values()):
            if (each.event_source_arn, each.function_arn) == wanted:
                raise LambdaClientError("ResourceConflictException", "… already exists.")
        return create(self, spec)


def scheduler_misses_groups(self: Any, delete: Any, name: str) -> Any:
    """Deleting a group that is not there is an error of AWS's, not of Python's."""
    if name not in self.schedule_groups:
        raise ScheduleGroupNotFound(name)
    return delete(self, name)


def dynamodb_replaces_tags(self: Any, tag: Any, arn: str, tags: dict[str, str]) -> Any:
    """A tag that is set again has its new value, and not both."""
    self.untag_resource(arn, list(tags))
    return tag(self, arn, tags)


def _call(gap: Any, original: Any, self: Any) -> Any:
    return gap(self, original)


_one_mapping_at_a_time = threading.Lock()
GAPS = (
    (S3Response, "_bucket_response_put", s3_keeps_tags),
    (Queue, "attributes", sqs_keeps_redrive_allow),
    (LambdaBackend, "create_event_source_mapping", lambda_refuses_duplicates),
    (DynamoDBBackend, "tag_resource", dynamodb_replaces_tags),
    (EventBridgeSchedulerBackend, "delete_schedule_group", scheduler_misses_groups),
)
"""What moto accepts and forgets, or does otherwise than AWS, put right."""


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for owner, name, gap in GAPS:
        original = vars(owner)[name]
        patched: Any = partialmethod(gap, getattr(original, "fget", original))
        if isinstance(original, property):
            patched = property(partial(_call, gap, original.fget))
        monkeypatch.setattr(owner, name, patched)
    for variable in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable, raising=False)
    with mock_aws():
        yield


@pytest.fixture
def world(moto: None, tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture(scope="session")
def embedded_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """The embedded AWS in a folder and on a port of its own."""
    folder = tmp_path_factory.mktemp("embedded") / "aws"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    yield embedded.ensure_started(folder, port)
    embedded.reset(folder)


@pytest.fixture
def embedded_world(embedded_aws: Endpoint, tmp_path: Path) -> Iterator[World]:
    """As `world`, on the embedded AWS; whatever the test leaves is removed."""
    world = World(tmp_path, endpoint=embedded_aws)
    yield world
    aws = world.aws()
    table = f"price-monitor-{config.loads(BASE).env}"
    if aws.find("dynamodb", "describe_table", TableName=table):
        aws.call("dynamodb", "update_table", TableName=table, DeletionProtectionEnabled=False)
    engine.destroy(world.stack(aws, OTHER), aws)


@pytest.fixture
def configs() -> dict[str, str]:
    """Two configs that differ in nearly every resource."""
    return {"base": BASE, "other": OTHER}


@pytest.fixture
def calls() -> Callable[..., Calls]:
    return Calls


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def cut() -> type[BaseException]:
    return Cut
