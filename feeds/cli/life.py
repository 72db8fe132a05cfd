"""The commands for what comes after an import: withdrawn releases, renames, old addresses."""

import sys

import click

from feeds.cli.context import now, print_repaginated, with_store
from feeds.errors import RefusedError
from feeds.operations.categories import categories as read_categories
from feeds.operations.categories import rename as run_rename
from feeds.operations.redirects import Line
from feeds.operations.redirects import add as run_add
from feeds.operations.redirects import addresses as read_addresses
from feeds.operations.redirects import read as read_lines
from feeds.operations.redirects import remove as run_remove
from feeds.operations.withdraw import restore as run_restore
from feeds.operations.withdraw import withdraw as run_withdraw
from feeds.operations.withdraw import withdrawals as read_withdrawals
from feeds.settings import Settings
from feeds.store import Store


@click.command()
@click.argument("named", metavar="[ID]", required=False)
@with_store
def withdraw(store: Store, settings: Settings, named: str | None) -> None:
    """Show a release no longer: ID is its id, path or address. Without, list those withdrawn."""
    if named is None:
        for found in read_withdrawals(store):
            click.echo(f"{found.path}: {found.title} ({found.entry_id})")
        return
    done = run_withdraw(store, settings, now(), named)
    already = "is withdrawn already." if done.already else "is withdrawn: its page is gone (410)."
    click.echo(f"{done.entry_id} {already}")
    print_repaginated(done.repaginated)


@click.command()
@click.argument("named", metavar="ID")
@with_store
def restore(store: Store, settings: Settings, named: str) -> None:
    """Show a withdrawn release again: ID is its id, path or address."""
    done = run_restore(store, settings, now(), named)
    already = "is shown already." if done.already else "is shown again."
    click.echo(f"{done.entry_id} {already}")
    print_repaginated(done.repaginated)


@click.group(invoke_without_command=True)
@click.pass_context
def categories(context: click.Context) -> None:
    """List the categories, or rename one."""
    if context.invoked_subcommand is None:
        _list_categories()


@with_store
def _list_categories(store: Store, settings: Settings) -> None:
    del settings
    for listed in read_categories(store):
        former = f", formerly {', '.join(listed.former)}" if listed.former else ""
        click.echo(f"{listed.category.name} ({listed.category.slug}): {listed.count}{former}")


@categories.command(name="rename")
@click.argument("old")
@click.argument("new")
@with_store
def _rename(store: Store, settings: Settings, old: str, new: str) -> None:
    """Give the category OLD (its label or slug) the label NEW."""
    done = run_rename(store, settings, now(), old, new)
    after = f"{done.after.name} ({done.after.slug})"
    if done.before == done.after:
        click.echo(f"{after} is called so already.")
    else:
        click.echo(f"{done.before.name} ({done.before.slug}) is now {after}.")


@click.group()
def address() -> None:
    """Lead old addresses on to those of this service."""


@address.command(name="add")
@click.argument("pair", metavar="[LOCATION TARGET]", nargs=-1)
@click.option(
    "--file",
    type=click.Path(allow_dash=True),
    help="Add those of a file (-: of standard input): one a line, white space, its target.",
)
@with_store
def _add(store: Store, settings: Settings, pair: tuple[str, ...], file: str | None) -> None:
    """Let LOCATION, an old path with its query, answer 301 with TARGET."""
    if file is None and len(pair) == 2:  # noqa: PLR2004 - a pair
        _add_one(store, settings, pair)
    elif file is not None and not pair:
        _add_file(store, settings, file)
    else:
        raise RefusedError("Name an old address and its target, or a --file of them.")


def _add_one(store: Store, settings: Settings, pair: tuple[str, ...]) -> None:
    done = run_add(store, settings, now(), [Line(1, pair)])
    if done.refused:
        raise RefusedError(done.refused[0].reason)
    click.echo("Added." if done.added else "It leads there already.")


def _add_file(store: Store, settings: Settings, file: str) -> None:
    done = run_add(store, settings, now(), read_lines(file))
    for refusal in done.refused:
        click.echo(f"{file}: line {refusal.number}: refused: {refusal.reason}", err=True)
    click.echo(f"{done.added} added, {done.unchanged} unchanged, {len(done.refused)} refused.")
    if done.refused:
        sys.exit(1)


@address.command(name="list")
@with_store
def _list(store: Store, settings: Settings) -> None:
    """List the old addresses with their targets, as `add --file` takes them."""
    del settings
    for location, target in read_addresses(store):
        click.echo(f"{location}\t{target}")


@address.command(name="remove")
@click.argument("location")
@with_store
def _remove(store: Store, settings: Settings, location: str) -> None:
    """Let an old address lead nowhere again."""
    del settings
    removed = run_remove(store, now(), location)
    click.echo("Removed." if removed else "It leads nowhere already.")
