"""`pricemon extract`: what pricemon reads from a page, and why. Writes nothing."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from pricemon.cli import context, render
from pricemon.core.errors import ExitCode, JobError, PricemonError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from pricemon.core.model import Page, Reading
    from pricemon.core.settings import RetailerSettings, Settings

_FIELDS = ("price", "currency", "availability", "title", "source", "reason", "detail", "candidates")
_SECONDS = 60.0


def extract(
    ctx: typer.Context,
    source: Annotated[
        str | None, typer.Argument(help="A URL, a file, or - for stdin.", show_default=False)
    ] = None,
    *,
    url: Annotated[str | None, typer.Option(help="Where a saved page came from.")] = None,
    retailer: Annotated[
        str | None, typer.Option(help="Read with this retailer's rule, currency and locale.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show every candidate, and why it won or lost.")
    ] = False,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Propose rules that find the --price you name.")
    ] = False,
    price: Annotated[str | None, typer.Option(help="The price you see, for --suggest.")] = None,
    batch: Annotated[
        Path | None,
        typer.Option(help='Read every {"file", "url"} line of this file; one JSON line per page.'),
    ] = None,
) -> None:
    """Read the price from a page: a dry run of what the scraper does.

    Examples:

        pricemon extract https://shop.example/lamp --explain

        pricemon extract saved.html --url https://shop.example/lamp --json

        pricemon extract saved.html --suggest --price 19.99

        pricemon extract --batch manifest.jsonl > readings.jsonl
    """
    current = context.current(ctx)
    if batch is not None:
        _batch(batch, _settings(current, retailer), retailer)
        return
    if source is None:
        raise UsageError("nothing to read", hint="name a URL, a file or -, or use --batch")
    if suggest and price is None:
        raise UsageError("--suggest needs the price you see", hint="add --price 19.99")
    settings = _settings(current, retailer)
    page, shop = _page(source, url, settings, retailer)
    if suggest:
        _suggest(current, page, str(price))
        return
    reading = _read(page, shop, explain=explain)
    current.emit(_plain(reading), lambda: _shown(reading, explain=explain))


def _plain(reading: Reading) -> dict[str, Any]:
    data = {name: getattr(reading, name) for name in _FIELDS}
    if reading.price is not None:
        data["price"] = format(reading.price, "f")
    return data


def _shown(reading: Reading, *, explain: bool) -> RenderableType | str:
    from pricemon.cli import extract_view

    return extract_view.reading(reading, explain=explain)


def _read(page: Page, shop: RetailerSettings | None, *, explain: bool = False) -> Reading:
    from pricemon.core.extract import extract as read

    if shop is None:
        return read(page, explain=explain)
    return read(page, rule=shop.rule, currency=shop.currency, locale=shop.locale, explain=explain)


def _settings(current: context.Context, retailer: str | None) -> Settings | None:
    """The configured shops, when there is a config to speak of; extraction needs none."""
    if retailer is None and current.config_path is None and not Path("pricemon.yaml").exists():
        return None
    return current.config.settings()


def _shop(url: str, settings: Settings | None, name: str | None) -> RetailerSettings | None:
    """The retailer named, or the one that has the URL's host."""
    if settings is None:
        return None
    if name is not None:
        if name not in settings.retailers:
            known = ", ".join(sorted(settings.retailers)) or "none"
            raise UsageError(f"no retailer {name!r} in the config", hint=f"known: {known}")
        return settings.retailers[name]
    host = urlsplit(url).netloc.lower()
    for shop in settings.retailers.values():
        if any(host == known or host.endswith(f".{known}") for known in shop.hosts):
            return shop
    return None


def _page(
    source: str, url: str | None, settings: Settings | None, retailer: str | None
) -> tuple[Page, RetailerSettings | None]:
    if source.startswith(("http://", "https://")):
        shop = _shop(source, settings, retailer)
        return _fetched(source, settings, shop), shop
    return _saved(source, url or ""), _shop(url or "", settings, retailer)


def _fetched(url: str, settings: Settings | None, shop: RetailerSettings | None) -> Page:
    from pricemon.core.fetch import Fetcher
    from pricemon.core.settings import FetchSettings, RetailerSettings

    host = urlsplit(url).netloc
    asked = shop or RetailerSettings(name=host, hosts=(host,))
    try:
        with Fetcher(settings.fetch if settings else FetchSettings()) as fetcher:
            return fetcher.fetch(url, asked, deadline=time.monotonic() + _SECONDS)
    except JobError as error:
        hint = "save the page with a browser and extract the file" if error.http_status else None
        raise PricemonError(f"{url} could not be fetched: {error}", hint=hint) from error


def _saved(source: str, url: str) -> Page:
    from pricemon.core.model import Page

    try:
        body = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}") from error
    return Page(url=url, status=200, body=body)


def _batch(manifest: Path, settings: Settings | None, retailer: str | None) -> None:
    """One JSON line per page, in order. A file that cannot be read is a line with an error."""
    failed = False
    for line in list(_manifest(manifest)):
        url = line.get("url") or ""
        shop = _shop(url, settings, retailer)
        try:
            page = _saved(str(manifest.parent / line["file"]), url)
        except UsageError as error:
            failed = True
            data: dict[str, Any] = {**dict.fromkeys(_FIELDS), "error": error.message}
        else:
            data = _plain(_read(page, shop))
        render.print_json_line({"file": line["file"], **data})
    if failed:
        raise typer.Exit(ExitCode.FAILED)


def _manifest(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
        except ValueError as error:
            raise UsageError(f"{path}:{number} is not JSON: {error}") from error
        if not isinstance(line, dict) or not isinstance(line.get("file"), str):
            raise UsageError(
                f'{path}:{number} has no "file"', hint='a line is {"file": …, "url": …}'
            )
        yield line


def _suggest(current: context.Context, page: Page, price: str) -> None:
    from pricemon.core.extraction.suggest import suggestions
    from pricemon.core.money import parse_money

    wanted = parse_money(price)
    if wanted is None:
        raise UsageError(f"{price!r} is no price", hint="write it as 19.99")
    found = suggestions(page, wanted.amount)
    plain = [{"rule": s.rule, "finds": s.finds, "stable": s.stable} for s in found]
    current.emit(plain, lambda: _rules_shown(found))
    if not found:
        raise typer.Exit(ExitCode.FAILED)


def _rules_shown(found: list[Any]) -> RenderableType | str:
    from pricemon.cli import extract_view

    return extract_view.suggestions(found)
