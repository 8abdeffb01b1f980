"""A run that is cut off anywhere is continued by the next one.

Cut at the k-th AWS call, before it is carried out or after (the answer is lost): what `up` then
makes is what an undisturbed `up` makes, with nothing twice. `make test` tries a few k,
`make reliability` every one.
"""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from pricemon.cloud import engine

SAMPLED = (0.3, 0.5, 0.7, 0.9)
"""Where `make test` cuts, as parts of the way."""


def converged(world: Any, text: str, expected: Any) -> None:
    """A further `up` repairs everything, and there is one of each."""
    world.up(text)
    assert world.plan(text).pending == ()
    assert world.state(text) == expected
    aws = world.usual
    mappings = aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert len(mappings) == 2
    schedules = aws.client("scheduler").list_schedules()["Schedules"]
    assert len(schedules) == 2


def fresh(world: Any) -> None:
    """Remove whatever an earlier cut has left."""
    aws = world.usual
    engine.destroy(world.stack(aws), aws)


def cut_up(world, calls, cut, text, k, *, carried_out):
    """Whether the cut came: a run may be over before the k-th call."""
    counted = calls(cut_at=k, carried_out=carried_out)
    aws = world.aws(counted)
    try:
        engine.apply(world.stack(aws, text), aws)
    except cut:
        return True
    return False


def cut_down(world, calls, cut, k, *, carried_out):
    counted = calls(cut_at=k, carried_out=carried_out)
    aws = world.aws(counted)
    try:
        engine.destroy(world.stack(aws), aws)
    except cut:
        return True
    return False


def count_of(world, calls, action):
    counted = calls()
    aws = world.aws(counted)
    action(world.stack(aws), aws)
    return len(counted.made)


class TestSampled:
    @pytest.mark.parametrize("carried_out", [False, True])
    def test_up(self, world, configs, calls, cut, carried_out):
        total = count_of(world, calls, engine.apply)
        expected = world.state()
        for part in SAMPLED[carried_out::2]:
            fresh(world)
            k = int(total * part)
            assert cut_up(world, calls, cut, configs["base"], k, carried_out=carried_out)
            converged(world, configs["base"], expected)

    def test_update(self, world, configs, calls, cut):
        world.up(configs["other"])
        expected = world.state(configs["other"])
        for k in (100, 130):
            world.up()
            assert cut_up(world, calls, cut, configs["other"], k, carried_out=k % 4 == 2)
            converged(world, configs["other"], expected)

    def test_down(self, world, calls, cut):
        for k in (75, 95):
            world.up()
            assert cut_down(world, calls, cut, k, carried_out=k % 2 == 0)
            fresh(world)
            assert set(world.state().values()) == {None}
            assert engine.leftovers(world.stack(world.usual), world.usual, "prod") == ()


@pytest.mark.reliability
class TestEverywhere:
    @pytest.mark.parametrize("carried_out", [False, True])
    def test_up(self, world, configs, calls, cut, carried_out, record_property):
        total = count_of(world, calls, engine.apply)
        expected = world.state()
        for k in range(1, total + 1):
            fresh(world)
            cut_up(world, calls, cut, configs["base"], k, carried_out=carried_out)
            converged(world, configs["base"], expected)
        record_property("cut points", total)

    @pytest.mark.parametrize("carried_out", [False, True])
    def test_update(self, world, configs, calls, cut, carried_out, record_property):
        world.up(configs["other"])
        expected = world.state(configs["other"])
        k, came = 0, True
        while came:
            k += 1
            world.up()
            came = cut_up(world, calls, cut, configs["other"], k, carried_out=carried_out)
            converged(world, configs["other"], expected)
        record_property("cut points", k - 1)

    @pytest.mark.parametrize("carried_out", [False, True])
    def test_down(self, world, calls, cut, carried_out, record_property):
        k, came = 0, True
        while came:
            k += 1
            world.up()
            came = cut_down(world, calls, cut, k, carried_out=carried_out)
            fresh(world)
            assert set(world.state().values()) == {None}
        record_property("cut points", k - 1)


VICTIM = textwrap.dedent(
    """
    import base64, hashlib, os, signal, sys
    from pathlib import Path
    import boto3
    from pricemon import config
    from pricemon.cloud import engine, stack
    from pricemon.cloud.bundle import Bundle
    from pricemon.cloud.session import Aws

    url, key, secret, folder, text, at, verb = sys.argv[1:]
    left = int(at)

    def die(**_):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def bundle(function):
        path = Path(folder, f"{function}.zip")
        content = path.read_bytes()
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        size = len(content)
        return Bundle(
            function=function, path=path, sha256=digest, size=size, unzipped_size=size
        )

    session = boto3.Session(
        region_name="eu-west-1", aws_access_key_id=key, aws_secret_access_key=secret
    )
    session.events.register_first("before-call", die)
    aws = Aws(session=session, endpoint_url=url)
    resources = stack.build(config.loads(text), aws=aws, bundles=bundle).resources
    getattr(engine, verb)(resources, aws)
    """
)


def kill(world: Any, text: str, at: int, verb: str) -> bool:
    """Run `up` or `down` in a process of its own and kill it at a call. Whether it was."""
    for function in ("scraper", "stream_processor"):
        world.bundle(function)
    end = world.endpoint
    where = [end.url, end.access_key, end.secret_key, str(world.folder)]
    done = subprocess.run(
        [sys.executable, "-c", VICTIM, *where, text, str(at), verb],
        check=False,
        cwd=Path.cwd(),
        capture_output=True,
        timeout=120,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr.decode()
    return done.returncode == -signal.SIGKILL


@pytest.mark.e2e
def test_a_killed_process(embedded_world, configs):
    """Cut off by SIGKILL: once an `up`, once a `down`."""
    world = embedded_world
    world.up()
    expected = world.state()
    fresh(world)
    assert kill(world, configs["base"], 80, "apply")
    converged(world, configs["base"], expected)
    assert kill(world, configs["base"], 80, "destroy")
    fresh(world)
    assert set(world.state().values()) == {None}


@pytest.mark.reliability
@pytest.mark.e2e
@pytest.mark.parametrize("verb", ["apply", "destroy"])
def test_a_process_killed_anywhere(embedded_world, configs, verb, record_property):
    """SIGKILL at every call of a full `up` or `down`."""
    world = embedded_world
    world.up()
    expected = world.state()
    at, killed = 0, True
    while killed:
        at += 1
        if verb == "apply":
            fresh(world)
        killed = kill(world, configs["base"], at, verb)
        converged(world, configs["base"], expected)
    record_property("kills", at - 1)
