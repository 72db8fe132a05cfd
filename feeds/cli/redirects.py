"""Redirecting old addresses: ``feeds address``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from feeds.cli.context import REFUSED, changing_store, now, with_store
from feeds.errors import RefusedError

if TYPE_CHECKING:
    from feeds.settings import Settings
    from feeds.store import Store


@click.group()
def address() -> None:
    """Redirect old addresses to URLs of this service."""


@address.command()
@click.argument("pair", metavar="[LOCATION TARGET]", nargs=-1)
@click.option(
    "--file",
    type=click.Path(allow_dash=True),
    help="Add the redirects in a file (-: standard input), one a line: LOCATION TARGET.",
)
@changing_store
def add(store: Store, settings: Settings, pair: tuple[str, ...], file: str | None) -> None:
    """Redirect LOCATION, an old path with its query, to TARGET."""
    if file is None and len(pair) == 2:  # noqa: PLR2004 - a pair
        _add_one(store, settings, pair)
    elif file is not None and not pair:
        _add_file(store, settings, file)
    else:
        raise RefusedError("Give an old address and its target, or a --file with such lines.")


def _add_one(store: Store, settings: Settings, pair: tuple[str, ...]) -> None:
    from feeds.operations import redirects as operations

    result = operations.add(store, settings, now(), [operations.RedirectLine(1, pair)])
    if result.refused:
        raise RefusedError(result.refused[0].reason)
    click.echo("Added." if result.added else "This redirect already exists.")


def _add_file(store: Store, settings: Settings, file: str) -> None:
    from feeds.operations import redirects as operations

    result = operations.add(store, settings, now(), operations.read(file))
    for line in result.refused:
        click.echo(f"{file}: line {line.number}: refused: {line.reason}", err=True)
    counts = f"{result.added} added, {result.unchanged} unchanged, {len(result.refused)} refused."
    click.echo(counts)
    if result.refused:
        sys.exit(REFUSED)


@address.command(name="list")
@with_store
def list_(store: Store, settings: Settings) -> None:
    """List the redirects in the format that `add --file` reads."""
    from feeds.operations import redirects as operations

    for location, target in operations.redirects(store):
        click.echo(f"{location}\t{target}")


@address.command()
@click.argument("location")
@changing_store
def remove(store: Store, settings: Settings, location: str) -> None:
    """Remove the redirect of an old address."""
    from feeds.operations import redirects as operations

    removed = operations.remove(store, now(), location)
    click.echo("Removed." if removed else "There was no such redirect.")
