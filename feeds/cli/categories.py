"""Listing, renaming and merging categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from feeds.cli.context import changing_store, now, print_repaginated, with_store

if TYPE_CHECKING:
    from feeds.settings import Settings
    from feeds.store import Store


@click.group(invoke_without_command=True)
@click.pass_context
def categories(context: click.Context) -> None:
    """List the categories, rename one, or merge one into another."""
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


@categories.command()
@click.argument("old")
@click.argument("into")
@click.option("--dry-run", is_flag=True, help="Show what would be merged, and change nothing.")
@changing_store
def merge(store: Store, settings: Settings, old: str, into: str, *, dry_run: bool) -> None:
    """Make the releases of the category OLD releases of INTO, and remove OLD.

    Each is a name or slug. This cannot be undone.
    """
    from feeds.operations import categories as operations

    done = operations.merge(store, settings, now(), old, into, dry_run=dry_run)
    merged, into_ = (f"{one.name} ({one.slug})" for one in (done.merged, done.into))
    releases = "1 release" if done.count == 1 else f"{done.count} releases"
    click.echo(
        f"{merged} would be part of {into_}, with {releases} in all."
        if dry_run
        else f"{merged} is now part of {into_}, with {releases} in all."
    )
    click.echo(
        f"Entries of the feed of {done.into.slug} that are new to subscribers of "
        f"{done.merged.slug}: {done.new_to_merged}, to its own: {done.new_to_into}."
    )
    print_repaginated(done.repaginated)
    if dry_run:
        click.echo("Nothing was changed. A merge cannot be undone.")
