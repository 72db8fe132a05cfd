"""Listing and renaming categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from feeds.cli.context import changing_store, now, with_store

if TYPE_CHECKING:
    from feeds.settings import Settings
    from feeds.store import Store


@click.group(invoke_without_command=True)
@click.pass_context
def categories(context: click.Context) -> None:
    """List the categories, or rename one."""
    if context.invoked_subcommand is None:
        _list()


@with_store
def _list(store: Store, settings: Settings) -> None:
    from feeds.operations import categories as operations

    for listed in operations.categories(store):
        former = f", formerly {', '.join(listed.former)}" if listed.former else ""
        click.echo(f"{listed.category.name} ({listed.category.slug}): {listed.count}{former}")


@categories.command()
@click.argument("old")
@click.argument("new")
@changing_store
def rename(store: Store, settings: Settings, old: str, new: str) -> None:
    """Rename the category OLD (its name or slug) to NEW."""
    from feeds.operations import categories as operations

    renamed = operations.rename(store, settings, now(), old, new)
    before, after = renamed.before, f"{renamed.after.name} ({renamed.after.slug})"
    if before == renamed.after:
        click.echo(f"{after} already has this name.")
    else:
        click.echo(f"{before.name} ({before.slug}) is now {after}.")
