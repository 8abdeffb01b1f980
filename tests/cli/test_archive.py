"""`archive`: files, a table rebuilt, differences named, and the exit code of each."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
import typer
from typer.testing import CliRunner, Result

from pricemon.cli import archive, context, periods
from pricemon.config import Config
from pricemon.core.errors import PricemonError, UsageError
from pricemon.core.settings import Settings
from tests.core.archiving.archive_kit import (
    DAY,
    RETAILERS,
    SIX_HOURS,
    START,
    World,
    moto_world,
    store,
    store_products,
    sweeps,
)

NOW = START + 3 * DAY
ENTRIES = [entry for batch in sweeps(12, 6) for entry in batch]
Run = Callable[..., Result]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An archive of six sweeps over twelve products, and an empty table."""
    monkeypatch.setattr(periods, "now", lambda: NOW)
    with moto_world() as made:
        made.put(ENTRIES)
        yield made


@pytest.fixture
def run(world: World) -> Run:
    """`pricemon archive …`; what the command raises is raised here."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    app.add_typer(archive.app, name="archive")
    context.share_options(app)

    def invoke(*arguments: str, code: int = 0) -> Result:
        mine = context.Context()
        vars(mine).update(
            table=world.table,
            aws=SimpleNamespace(client=lambda service: getattr(world, service)),
            names=SimpleNamespace(bucket=world.bucket),
            config=SimpleNamespace(
                settings=lambda: Settings(env="test", retailers={}),
                retailers=dict.fromkeys(RETAILERS),
            ),
        )
        result = CliRunner().invoke(app, ["archive", *arguments], obj=mine)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return invoke


def damage(world: World) -> str:
    """Cut an object of the archive short; its key."""
    key: str = world.s3.list_objects_v2(Bucket=world.bucket)["Contents"][0]["Key"]
    body = world.s3.get_object(Bucket=world.bucket, Key=key)["Body"].read()
    world.s3.put_object(Bucket=world.bucket, Key=key, Body=body[:-30])
    return key


def test_the_config_has_what_the_commands_ask_of_it() -> None:
    assert {"retailers"} <= set(Config.model_fields)
    assert callable(Config.settings)


def test_export_as_json_lines(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "prices.jsonl"
    done = json.loads(run("export", "--to", str(path), "--json").stdout)
    assert done == {"file": str(path), "observations": len(ENTRIES), "problems": []}
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [line["timestamp"] for line in lines] == [e.observation.timestamp for e in ENTRIES]
    assert list(tmp_path.iterdir()) == [path]


def test_export_of_a_stretch_as_csv(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    until = "2027-01-15T19:00"
    run("export", "--since", "2027-01-15T09:00", "--until", until, "--to", str(path))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {int(row["timestamp"]) // SIX_HOURS for row in rows} == {
        (START + SIX_HOURS) // SIX_HOURS
    }


def test_export_as_parquet_keeps_every_digit(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "it's prices.parquet"
    run("export", "--to", str(path))
    found = duckdb.read_parquet(str(path))
    types = dict(zip(found.columns, map(str, found.types), strict=True))
    assert (types["price"], types["time"], types["timestamp"]) == (
        "DECIMAL(18,2)", "TIMESTAMP", "BIGINT",
    )  # fmt: skip
    rows = found.project("product_id, timestamp, price").fetchall()
    assert rows == [
        (e.observation.product_id, e.observation.timestamp, e.observation.price) for e in ENTRIES
    ]


def test_parquet_of_prices_beyond_eighteen_digits(run: Run, world: World, tmp_path: Path) -> None:
    from dataclasses import replace

    huge = Decimal("123456789012345678.901")
    world.put([replace(ENTRIES[0], observation=replace(ENTRIES[0].observation, price=huge,
                                                       timestamp=START + 5))])  # fmt: skip
    path = tmp_path / "prices.parquet"
    run("export", "--to", str(path))
    assert duckdb.read_parquet(str(path)).max("price").fetchall() == [(huge,)]


def test_parquet_without_its_library(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said before anything is read, with what to do."""
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(UsageError, match="DuckDB") as caught:
        run("export", "--to", str(tmp_path / "x.parquet"))
    assert caught.value.hint
    assert "pricemon[report]" in caught.value.hint


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("--to", "x.xlsx"), r"cannot write a \.xlsx"),
        (("--to", "x"), "file without an ending"),
        (("--to", "nowhere/x.csv"), "no folder nowhere"),
        (("--to", "x.csv", "--since", "1d", "--until", "2d"), "after --until"),
        (("--to", "x.csv", "--since", "soon"), "not a time"),
    ],
)
def test_what_cannot_be_exported_is_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=says):
        run("export", *argv)
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_fails_leaves_the_old_file(run: Run, world: World, tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("old")
    world.s3.get_object = None
    with pytest.raises(TypeError):
        run("export", "--to", str(path))
    del world.s3.get_object
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    folder = tmp_path / "folder.csv"
    (folder / "x").mkdir(parents=True)
    with pytest.raises(PricemonError, match="cannot be written"):
        run("export", "--to", str(folder))


def test_what_could_not_be_read_is_named_and_the_rest_exported(
    run: Run, world: World, tmp_path: Path
) -> None:
    key = damage(world)
    world.s3.put_object(Bucket=world.bucket, Key="prices/readme.txt", Body=b"hello")
    path = tmp_path / "prices.csv"
    result = run("export", "--to", str(path), "--json", code=1)
    done = json.loads(result.stdout)
    assert [p["object"] for p in done["problems"]] == ["prices/readme.txt", key]
    assert done["problems"][1]["problem"] == "is truncated"
    assert done["problems"][1]["kept"] > 0
    assert done["observations"] == len(ENTRIES) - 10 + done["problems"][1]["kept"]
    assert f"{key} is truncated" in result.stderr


def test_restore_an_emptied_table(run: Run, world: World) -> None:
    rehearsed = json.loads(run("restore", "--dry-run", "--json").stdout)
    assert world.rows() == {}
    done = json.loads(run("restore", "--json").stdout)
    assert rehearsed["dry_run"]
    assert rehearsed["observations"] == done["observations"]
    assert done["observations"]["written"] == len(ENTRIES)
    assert done["products"]["written"] == 12
    assert "agree" in run("verify").stdout
    text = run("restore").stdout
    assert "0 written, 72 were there" in text
    assert "12 left as they are" in text


def test_restore_names_what_is_left_to_a_person(run: Run, world: World) -> None:
    from dataclasses import replace

    world.table.put_observations([replace(ENTRIES[0].observation, detail="by hand")])
    late = replace(ENTRIES[1].observation, timestamp=START + 8 * DAY)
    world.put([replace(ENTRIES[1], observation=late)])
    text = run("restore", "--dry-run", "--since", "90d").stdout
    assert "1 observations are different in the table" in text
    assert "would be written" in text


def test_restore_leaves_out_what_has_expired(run: Run, world: World) -> None:
    world.table.keep_days = 2
    done = json.loads(run("restore", "--json", "--observations-only").stdout)
    assert done["observations"]["written"] == sum(
        entry.observation.timestamp >= NOW - 2 * DAY for entry in ENTRIES
    )
    assert done["products"]["written"] == 0
    assert json.loads(run("verify", "--json").stdout)["same"]


def test_restore_with_an_unreadable_object(run: Run, world: World) -> None:
    key = damage(world)
    done = json.loads(run("restore", "--json", code=1).stdout)
    assert done["problems"][0]["object"] == key
    assert done["observations"]["written"] > len(ENTRIES) - 10


def test_verify_names_differences(run: Run, world: World) -> None:
    store(world, ENTRIES[1:])
    store_products(world, ENTRIES)
    found = json.loads(run("verify", "--json", code=3).stdout)
    assert found["same"] is False
    assert found["differences"] == {"only_in_archive": 1}
    assert found["named"][0]["product_id"] == ENTRIES[0].observation.product_id
    text = run("verify", code=3).stdout
    assert "72 observations and 12 products compared: 1 only in archive" in text
    assert ENTRIES[0].observation.product_id in text


def test_verify_counts_all_and_names_some(run: Run) -> None:
    text = run("verify", "--limit", "5", code=3).stdout
    assert "72 only in archive" in text
    assert "and 67 more" in text


def test_verify_with_an_unreadable_object(run: Run, world: World) -> None:
    store(world, ENTRIES)
    damage(world)
    result = run("verify", code=3)
    assert "only in table" in result.stdout
    assert "is truncated" in result.stderr


def test_verify_shows_which_field_differs(run: Run, world: World) -> None:
    from dataclasses import replace

    store(world, ENTRIES)
    world.table.put_observations([replace(ENTRIES[0].observation, detail="by [hand]")])
    assert "detail: None in the archive, by [hand] in the table" in run("verify", code=3).stdout


def test_an_empty_archive(run: Run, world: World, tmp_path: Path) -> None:
    path = tmp_path / "prices.parquet"
    run("export", "--since", "1h", "--to", str(path))
    assert duckdb.read_parquet(str(path)).fetchall() == []
    assert (
        "0 observations and 0 products compared: table and archive agree"
        in run("verify", "--since", "1h").stdout
    )


def test_compact_and_everything_is_still_there(run: Run, world: World) -> None:
    store(world, ENTRIES)
    assert "would become 6" in run("compact", "--before", "1h", "--dry-run").stdout
    done = json.loads(run("compact", "--before", "1h", "--json").stdout)
    assert done["hours"] == 6
    assert done["problems"] == []
    assert "agree" in run("verify").stdout


def test_compact_leaves_what_it_cannot_read(run: Run, world: World) -> None:
    key = damage(world)
    result = run("compact", "--before", "1h", code=1)
    assert "became 5" in result.stdout
    assert f"{key} is truncated" in result.stderr


def test_verify_names_products_that_know_less(run: Run, world: World) -> None:
    store(world, ENTRIES)
    store_products(world, ENTRIES[:-12])
    found = json.loads(run("verify", "--json", code=3).stdout)
    assert found["differences"] == {}
    assert len(found["outdated"]) == found["products"] == 12
    assert "12 products know less in the table" in run("verify", code=3).stdout
    run("restore")
    assert json.loads(run("verify", "--json").stdout)["same"]
