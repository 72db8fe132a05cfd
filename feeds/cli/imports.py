"""Importing releases, or the export of a whole store."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from feeds.cli import progress
from feeds.cli.context import REFUSED, now, print_repaginated, with_store
from feeds.errors import NothingToDoError, RefusedError

if TYPE_CHECKING:
    from collections import Counter

    from feeds.ingest.report import PassedOver, Result
    from feeds.settings import Settings
    from feeds.store import Store

# The names in the registry of sources, which is not imported for `feeds --help`.
KINDS = ("feed", "jsonl", "vortal-page", "wordpress")


@click.command(name="import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--source",
    type=click.Choice(KINDS),
    help="The kind of the inputs. Default: detected for each input.",
)
@click.option("--dry-run", is_flag=True, help="Print what would happen and change nothing.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one line of JSON for each input to this new file.",
)
@click.option(
    "--post-type",
    "post_types",
    multiple=True,
    help="A type of posts in WordPress exports that are releases. Default: post.",
)
@click.option(
    "--taxonomy",
    "taxonomies",
    multiple=True,
    help="A taxonomy of WordPress exports whose terms are categories. Default: category.",
)
@with_store
def import_(  # noqa: PLR0913 - each is an option
    store: Store,
    settings: Settings,
    *,
    paths: tuple[Path, ...],
    source: str | None,
    dry_run: bool,
    report: Path | None,
    post_types: tuple[str, ...],
    taxonomies: tuple[str, ...],
) -> None:
    """Import releases, or the export of a store.

    PATHS are files, folders or archives.
    """
    from feeds.ingest.report import Outcome
    from feeds.ingest.run import import_paths
    from feeds.operations.export import is_export

    if any(map(is_export, paths)):
        if len(paths) > 1 or source or dry_run or report or post_types or taxonomies:
            raise RefusedError("Import the export of a store by itself and without options.")
        _import_export(store, settings, paths[0])
        return
    if (post_types or taxonomies) and source not in {None, "wordpress"}:
        raise RefusedError(
            f"--post-type and --taxonomy are for WordPress exports: leave out --source {source}."
        )
    run = import_paths(
        store,
        settings,
        paths,
        now,
        source=source,
        dry_run=dry_run,
        post_types=post_types,
        taxonomies=taxonomies,
    )
    with ExitStack() as stack:
        try:
            file = report and stack.enter_context(report.open("x", encoding="utf-8"))
        except FileExistsError:
            raise NothingToDoError(f"{report} exists: name a new file.") from None
        except OSError as error:
            raise NothingToDoError(
                f"The report {report} cannot be written: {error.strerror}."
            ) from None
        for result in progress.reported(run, run.inputs):
            if file:
                file.write(result.as_json() + "\n")
            _print_result(result)
    for banner, count in run.report.banners.most_common():
        pages = "page has" if count == 1 else "pages have"
        click.echo(f"{count} {pages} the banner “{banner}”: to announce it, run `feeds suspend`.")
    _print_passed_over(run.report.passed_over)
    print_repaginated(run.report.repaginated)
    counts = ", ".join(f"{run.report.counts[outcome]} {outcome}" for outcome in Outcome)
    click.echo(f"{'Would be: ' if dry_run else ''}{counts}.")
    if run.report.counts[Outcome.REFUSED]:
        sys.exit(REFUSED)


def _print_passed_over(passed_over: PassedOver) -> None:
    """Print the post types and taxonomies of WordPress exports that were passed over."""
    types, taxonomies = passed_over.post_types, passed_over.taxonomies
    if types:
        number = types.total()
        posts = (
            "1 post of another type was" if number == 1 else f"{number} posts of other types were"
        )
        options = " ".join(f"--post-type {name}" for name in types)
        click.echo(
            f"{posts} passed over: {_with_numbers(types)}. To import such posts instead, "
            f"add {options}."
        )
    if taxonomies:
        click.echo(
            f"Taxonomies passed over: {_with_numbers(taxonomies)}. To use one for categories, "
            f"add --taxonomy {next(iter(taxonomies))}."
        )


def _with_numbers(numbers: Counter[str]) -> str:
    return ", ".join(f"{name} ({number})" for name, number in numbers.items())


def _import_export(store: Store, settings: Settings, path: Path) -> None:
    from feeds.operations.export import Loader

    loader = Loader(store, settings, path)
    for _ in progress.reported(loader, loader):
        pass
    loaded = loader.loaded
    releases, notices = loaded.counts["release"], loaded.counts["notice"]
    categories = loaded.counts["selection"] - 1
    click.echo(f"Loaded the export of revision {loaded.revision}:")
    click.echo(f"{releases} releases, {categories} categories, {notices} notices.")
    if not loaded.current:
        click.echo("It was made with other settings or formats: run `feeds migrate`.")


def _print_result(result: Result) -> None:
    """Print what an operator should look at: refusals, changes and remarks."""
    from feeds.ingest.report import Outcome

    if result.remarks or result.outcome in {Outcome.REFUSED, Outcome.CHANGED}:
        progress.clear()
    if result.outcome is Outcome.REFUSED:
        click.echo(f"{result.input}: refused: {result.reason}.", err=True)
    elif result.outcome is Outcome.CHANGED:
        click.echo(f"{result.input}: changed ({result.entry_id}).")
    for remark in result.remarks:
        click.echo(f"{result.input}: {remark}.")
