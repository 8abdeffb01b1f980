"""The catalogue: `products import`, `add`, `list`, `show`, `set`, `remove`, `export`, `accept`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pricemon.cli import context, products_input, products_view, render
from pricemon.core.errors import PricemonError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pricemon.core.model import Product

app = typer.Typer(name="products", help="The catalogue: what is watched.", no_args_is_help=True)

Retailer = Annotated[str | None, typer.Option("--retailer", help="Only this retailer.")]
Tag = Annotated[str | None, typer.Option("--tag", help="Only products with this tag.")]
ProductId = Annotated[str, typer.Argument(metavar="ID", help="The product's id.")]


@app.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE|-", allow_dash=True, help="CSV or JSON Lines.")
    ],
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Import the valid rows, leave out the others.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
) -> None:
    """Import products from a CSV or JSON Lines file; doing it twice changes nothing.

    Columns: product_id, url, and optionally retailer, title, tags, target_price, currency, enabled,
    group, identifiers, alerts, rule. A column that is not there leaves what is stored alone; prices
    are never touched. Unless --skip-invalid, one invalid row keeps the whole file out.

    Examples:

        pricemon products import products.csv

        generate-feed | pricemon products import - --skip-invalid --json
    """
    from pricemon.core import catalogue, catalogue_store

    mine = context.current(ctx)
    started = time.monotonic()
    hosts = products_input.hosts(mine.config)
    rows = products_input.read(file, hosts)
    ids = [row.product.product_id for row in rows if row.product]
    changes = catalogue.diff(catalogue_store.stored(mine.table, hosts, ids), rows)
    problems = sorted([*((r.line, p) for r in rows for p in r.problems), *changes.clashes])
    if problems and not skip_invalid:
        raise products_input.invalid(file, problems, len(rows))
    if not dry_run:
        with render.progress() as bar:
            total = len(changes.added) + len(changes.changed)
            task = bar.add_task("importing", total=total, note="")
            catalogue_store.save(mine.table, changes, on_saved=lambda n: bar.advance(task, n))
    if problems:
        mine.talk(
            render.table(("line", "left out because"), problems[: products_input.SHOWN_PROBLEMS])
        )
    summary = {
        "added": len(changes.added),
        "changed": len(changes.changed),
        "unchanged": len(changes.unchanged),
        "invalid": len({line for line, _ in problems}),
        "dry_run": dry_run,
        "seconds": round(time.monotonic() - started, 2),
        "problems": [{"line": line, "problem": problem} for line, problem in problems],
    }
    mine.emit(summary, lambda: products_view.summary(summary))


@app.command()
def add(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="The product's page.")],
    product_id: Annotated[
        str | None, typer.Option("--id", help="Its id. Default: made from the URL.")
    ] = None,
    retailer: Annotated[
        str | None, typer.Option("--retailer", help="Its retailer. Default: whose host it is.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="Its title.")] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="A tag; may be repeated.")] = None,
    target_price: Annotated[
        str | None, typer.Option("--target-price", help="Alert at or below this price.")
    ] = None,
    group: Annotated[str | None, typer.Option("--group", help="The same thing elsewhere.")] = None,
) -> None:
    """Watch one more product.

    Example:

        pricemon products add https://shop.example/p/42 --tag audio --target-price 199
    """
    from pricemon.core import catalogue

    mine = context.current(ctx)
    about = {"title": title, "tags": tag or [], "target_price": target_price, "group": group}
    values = {**about, "retailer": retailer, "url": url}
    row = products_input.checked(mine.config, {**values, "product_id": product_id or "new"})
    existing = list(mine.table.catalogue(row.retailer))
    for other in existing:
        if catalogue.url_key(other.url) == catalogue.url_key(row.url):
            raise UsageError(f"{other.product_id} has this URL already")
    chosen = product_id or catalogue.suggest_id(row.url, {p.product_id for p in existing})
    if mine.table.get_product(chosen):
        raise UsageError(f"there is a product {chosen} already", hint="name another with --id")
    product = products_input.checked(mine.config, {**values, "product_id": chosen})
    mine.table.put_catalogue(new=[product])
    mine.emit(product, lambda: f"watching {chosen} at {product.retailer}")


@app.command("list")
def list_(
    ctx: typer.Context,
    retailer: Retailer = None,
    tag: Tag = None,
    status: Annotated[
        str | None, typer.Option("--status", help="ok, held, failed, gone, new or disabled.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """List products with their present price.

    Examples:

        pricemon products list --retailer shop-a --status failed

        pricemon products list --tag audio --csv > audio.csv
    """
    mine = context.current(ctx)
    if status and status not in products_view.STATUSES:
        raise UsageError(
            f"no status {status}", hint=f"there are {', '.join(products_view.STATUSES)}"
        )
    found = [
        product
        for product in _products(mine, retailer, tag)
        if status in {None, products_view.status(product)}
    ]
    if csv and not mine.json:
        products_view.write_csv(found, sys.stdout)
        return
    mine.emit(found, lambda: products_view.table(found))
    if not found:
        mine.talk("no products" + (" match" if retailer or tag or status else " yet"))


@app.command()
def show(ctx: typer.Context, product_id: ProductId) -> None:
    """Show one product and what is known of it.

    Example:

        pricemon products show sku-42 --json
    """
    mine = context.current(ctx)
    product = _existing(mine, product_id)
    mine.emit(product, lambda: products_view.details(product))


@app.command("set")
def set_(
    ctx: typer.Context,
    product_id: ProductId,
    assignments: Annotated[
        list[str], typer.Argument(metavar="KEY=VALUE…", help="A column and its new value.")
    ],
) -> None:
    """Change a product; an empty value clears. `alerts.drop_percent=5` sets one rule alone.

    Examples:

        pricemon products set sku-42 enabled=false

        pricemon products set sku-42 tags=audio;sale target_price= alerts.drop_percent=5
    """
    from pricemon.core import catalogue

    mine = context.current(ctx)
    old = _existing(mine, product_id)
    new, problems = catalogue.change(
        old, products_input.assigned(old, assignments), products_input.hosts(mine.config)
    )
    if problems:
        raise UsageError("; ".join(problems))
    if new == old:
        mine.emit(old, lambda: f"{product_id} is that already")
        return
    mine.table.put_catalogue(changed=[new])
    mine.emit(new, lambda: products_view.details(new))


@app.command()
def remove(
    ctx: typer.Context,
    product_ids: Annotated[list[str], typer.Argument(metavar="ID…", help="Products' ids.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    history: Annotated[
        bool, typer.Option("--history", help="Delete their observations as well.")
    ] = False,
) -> None:
    """Stop watching products. Their history stays unless --history.

    Example:

        pricemon products remove sku-42 sku-43 --yes
    """
    mine = context.current(ctx)
    wanted = list(dict.fromkeys(product_ids))
    found = mine.table.get_products(wanted)
    missing = [product_id for product_id in wanted if product_id not in found]
    if missing:
        raise UsageError(f"no such product: {', '.join(missing)}; nothing was removed")
    if not yes:
        what = wanted[0] if len(wanted) == 1 else f"{len(wanted)} products"
        also = " and the price history" if history else ""
        render.confirm(f"Remove {what}{also} from {mine.env}? Type yes:", "yes")
    for product_id in wanted:
        mine.table.remove_product(product_id, history=history)
    mine.emit({"removed": wanted}, lambda: f"removed {', '.join(wanted)}")


@app.command()
def export(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE|-", allow_dash=True, help="Default: stdout.")
    ] = Path("-"),
    retailer: Retailer = None,
    tag: Tag = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="JSON Lines; the default for FILE.jsonl.")
    ] = False,
) -> None:
    """Write the catalogue as CSV or JSON Lines that `products import` takes back.

    Examples:

        pricemon products export catalogue.csv

        pricemon products export --jsonl | gzip > catalogue.jsonl.gz
    """
    mine = context.current(ctx)
    found = _products(mine, retailer, tag)
    as_lines = jsonl or mine.json or file.suffix in {".jsonl", ".ndjson", ".json"}
    if str(file) == "-":
        products_view.export(found, sys.stdout, json_lines=as_lines)
        return
    try:
        with file.open("w", encoding="utf-8", newline="") as out:
            products_view.export(found, out, json_lines=as_lines)
    except OSError as problem:
        raise UsageError(f"{file} cannot be written: {problem.strerror}") from problem
    mine.talk(f"{len(found)} products written to {file}")


@app.command()
def accept(ctx: typer.Context, product_id: ProductId) -> None:
    """Accept a held reading by hand: it is the price from now on.

    Example:

        pricemon products accept sku-42
    """
    from pricemon.core import archive, catalogue_store

    mine = context.current(ctx)
    product = _existing(mine, product_id)
    if product.known is None or product.known.held is None:
        raise UsageError(
            f"no reading of {product_id} is held", hint="`products list --status held` shows which"
        )
    known = catalogue_store.accept(
        mine.table,
        product,
        now=time.time_ns() // 1_000_000,
        archive=lambda entry: archive.write(mine.aws.client("s3"), mine.names.bucket, [entry]),
    )
    if known is None:
        raise PricemonError(f"a newer reading of {product_id} came in between", hint="look again")
    mine.emit(
        {"product_id": product_id, "price": known.price, "currency": known.currency},
        lambda: f"{product_id} is {known.price} {known.currency} from now on",
    )


def _products(mine: context.Context, retailer: str | None, tag: str | None) -> list[Product]:
    from pricemon.core import catalogue_store

    shops: Iterable[str] = [retailer] if retailer else mine.config.retailers
    found = catalogue_store.products(mine.table, list(shops))
    wanted = (product for product in found if tag is None or tag in product.tags)
    return sorted(wanted, key=lambda product: (product.retailer, product.product_id))


def _existing(mine: context.Context, product_id: str) -> Product:
    product = mine.table.get_product(product_id)
    if product is None:
        raise UsageError(f"there is no product {product_id}", hint="`products list` shows them")
    return product
