"""A channel: what a service is told through Apprise, and that nothing of its URL comes out."""

from __future__ import annotations

import io
import logging

import pytest
from apprise import Apprise
from botocore.exceptions import ClientError

from lambda_src.notifier.channel import DETAIL, KEPT_SECONDS, Channel, scrub
from pricemon.core.alerting.notes import Gravity, Note
from tests.lambda_src.notifier_kit import receiver

# Apprise loads all its plugins at first use, and those use what Python is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

NOTE = Note(
    title="−18 % · Sony", text="https://shop-a.test\nWhy: 5 < 6 *stars*", gravity=Gravity.WARNING
)
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#prices"


@pytest.fixture
def written(capfd):
    """What a root logger at DEBUG, stdout and stderr have got: all that a log group could hold."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lambda: stream.getvalue() + "".join(capfd.readouterr())
    root.setLevel(level)
    root.removeHandler(handler)


@pytest.fixture
def service():
    with receiver() as running:
        yield running


def test_a_service_is_told_title_text_and_gravity(service):
    channel = Channel("/chat", lambda _: service.url("/room"))
    assert channel.tell(NOTE, timeout=10) is None
    ((path, told),) = service.told
    assert path == "/room"
    assert (told["title"], told["message"], told["type"]) == (NOTE.title, NOTE.text, "warning")


def test_a_refusal_is_told_without_the_secret_or_its_parts(service, written):
    service.refusing = {"/tok3n-of-mine"}
    url = service.url("/tok3n-of-mine").replace("127", "me:pa%24sword@127")
    problem = Channel("/chat", lambda _: url).tell(NOTE, timeout=10)
    assert problem is not None
    assert "503" in problem
    for secret in ("tok3n", "pa$sword", "pa%24sword", "127.0.0.1"):
        assert secret not in problem + written()


def test_a_service_that_is_not_there_is_a_problem_not_an_exception(unused_port):
    problem = Channel("/chat", lambda _: f"json://127.0.0.1:{unused_port}/x").tell(NOTE, timeout=10)
    assert problem is not None
    assert "onnection" in problem


@pytest.fixture
def unused_port():
    with receiver() as gone:
        return gone.port


@pytest.mark.parametrize("value", ["", "hello", "nosuch://secret-token", "slack://", "{{secret}}"])
def test_a_parameter_without_a_url_is_a_problem_that_does_not_repeat_it(value, written):
    problem = Channel("/chat", lambda _: value).tell(NOTE, timeout=10)
    assert problem == "ValueError: the parameter holds no URL that Apprise knows"
    assert "secret" not in written()


def test_a_parameter_that_is_not_there_is_a_problem():
    def absent(_: str) -> str:
        raise ClientError({"Error": {"Code": "ParameterNotFound", "Message": ""}}, "GetParameter")

    problem = Channel("/chat", absent).tell(NOTE, timeout=10)
    assert problem is not None
    assert "ParameterNotFound" in problem


def test_a_plugin_may_raise_anything(monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"cannot parse {SLACK} " + "x" * 1000)

    monkeypatch.setattr(Apprise, "notify", broken)
    problem = Channel("/chat", lambda _: SLACK).tell(NOTE, timeout=10)
    assert problem is not None
    assert problem.startswith("RuntimeError: cannot parse slack://***")
    assert len(problem) == DETAIL


def test_the_url_is_read_once_again_after_a_failure_and_again_after_a_while(service):
    now, read = [0.0], []
    urls = iter([service.url("/down"), service.url("/up"), service.url("/new")])

    def parameter(_: str) -> str:
        read.append(next(urls))
        return read[-1]

    service.refusing = {"/down"}
    channel = Channel("/chat", parameter, clock=lambda: now[0])
    assert channel.tell(NOTE, timeout=10) is not None
    assert channel.tell(NOTE, timeout=10) is None
    assert channel.tell(NOTE, timeout=10) is None
    now[0] = KEPT_SECONDS + 1
    assert channel.tell(NOTE, timeout=10) is None
    assert [path for path, _ in service.told] == ["/up", "/up", "/new"]


def test_a_url_that_stays_keeps_its_service_and_so_its_pace(service):
    now = [0.0]
    channel = Channel("/chat", lambda _: service.url("/room"), clock=lambda: now[0])
    first = channel._open()
    now[0] = KEPT_SECONDS + 1
    assert channel._open() is first


def test_a_long_note_is_split_not_refused():
    channel = Channel("/chat", lambda _: "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js")
    assert channel._open()[0].overflow_mode.value == "split"
    cut = Channel(
        "/chat", lambda _: "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3?overflow=truncate"
    )
    assert cut._open()[0].overflow_mode.value == "truncate"


@pytest.mark.parametrize(
    "url",
    [
        SLACK,
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        "tgram://123456789:abcdefg_hijklmnop/12315544",
        "ntfy://prices",
        "ntfys://user:password@ntfy.example/prices",
        "mailto://user:password@gmail.com",
        "pover://uuuuuuuuuuuuuuuuuuuuuuuuuuuuuu@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "gotify://gotify.example/AbCdEfGhIjKlMnO",
        "matrixs://user:password@matrix.example/#prices",
        "workflows://example.azure.com:443/643a5ea7b9c5486f95a1a0a0/Qk4vPMBTCYKZkS1oGCTn7A/",
    ],
)
def test_the_services_of_the_docs_are_known(url):
    assert Channel("/chat", lambda _: url)._open()


@pytest.mark.parametrize(
    ("text", "url", "scrubbed"),
    [
        (f"bad {SLACK}", SLACK, "bad slack://***/***/***/#***"),
        ("for A1BRTD4JD\nand a1brtd4jd", SLACK, "for *** and ***"),
        ("http://x?token=p%40ss", "json://x/?token=p%40ss", "http://x?***=***"),
        ("got p@ss", "json://x/p%40ss", "got ***"),
        ("nothing of it", "", "nothing of it"),
    ],
)
def test_no_part_of_a_url_is_left(text, url, scrubbed):
    assert scrub(text, url) == scrubbed
