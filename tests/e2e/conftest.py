"""One embedded AWS for the session, a shop for each test, and the command line as people use it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from typer.testing import CliRunner

from pricemon.cli.app import app
from pricemon.local import embedded, emulator
from pricemon.local.embedded import Endpoint
from pricemon.local.shop import Shop


@dataclass(frozen=True)
class Desk:
    """A config file on the embedded AWS, and `pricemon` run with it."""

    endpoint: Endpoint
    config: Path

    def __call__(self, *argv: str, code: int = 0, stdin: str | None = None) -> Any:
        """Run a command with --json; the document it prints."""
        done = CliRunner().invoke(
            app,
            ["--config", str(self.config), "--json", *argv],
            input=stdin,
            catch_exceptions=False,
        )
        assert done.exit_code == code, f"{argv}: {done.output}"
        return json.loads(done.stdout)

    def client(
        self, service: str, key: str | None = None, secret: str | None = None, **options: Any
    ) -> Any:
        """A boto3 client of the embedded AWS, as root unless told otherwise."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint.url,
            region_name=self.endpoint.region,
            aws_access_key_id=key or self.endpoint.access_key,
            aws_secret_access_key=secret or self.endpoint.secret_key,
            **options,
        )


@pytest.fixture(scope="session")
def free_port() -> int:
    return emulator.free_port()


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory, free_port: int) -> Iterator[Endpoint]:
    """The embedded AWS, with IAM enforced, in a folder of its own."""
    folder = tmp_path_factory.mktemp("embedded") / "aws"
    yield embedded.ensure_started(folder, free_port)
    embedded.reset(folder)


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A small shop with every kind of move and trouble."""
    with Shop(seed=11, products=60) as running:
        yield running


@pytest.fixture
def desk(aws: Endpoint, tmp_path: Path) -> Callable[..., Desk]:
    """Make a `Desk` whose config watches a shop, with further options laid over it."""

    def make(shop: Shop, **options: Any) -> Desk:
        path = tmp_path / "pricemon.yaml"
        config = {
            "retailers": shop.retailers(),
            "schedule": {"enabled": False},
            "functions": {"scraper": {"max_concurrency": 2}},  # each one is a process to start
            "local": {"data_dir": str(aws.data_dir)},
            **options,
        }
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        return Desk(aws, path)

    return make
