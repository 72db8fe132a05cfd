"""Withdrawing releases and restoring them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from feeds.cli.context import changing_store, now, print_repaginated

if TYPE_CHECKING:
    from feeds.settings import Settings
    from feeds.store import Store


@click.command()
@click.argument("named", metavar="[ID]", required=False)
@changing_store
def withdraw(store: Store, settings: Settings, named: str | None) -> None:
    """Stop showing a release.

    ID is its id, its path or the URL of its page. Without ID, list the withdrawn releases.
    """
    from feeds.operations import withdraw as operations

    if named is None:
        for release in operations.withdrawals(store):
            click.echo(f"{release.path}: {release.title} ({release.entry_id})")
        return
    result = operations.withdraw(store, settings, now(), named)
    done = "is withdrawn; its page answers 410." if result.changed else "was already withdrawn."
    click.echo(f"{result.entry_id} {done}")
    print_repaginated(result.repaginated)


@click.command()
@click.argument("named", metavar="ID")
@changing_store
def restore(store: Store, settings: Settings, named: str) -> None:
    """Show a withdrawn release again.

    ID is its id, its path or the URL of its page.
    """
    from feeds.operations import withdraw as operations

    result = operations.restore(store, settings, now(), named)
    done = "is shown again." if result.changed else "was not withdrawn."
    click.echo(f"{result.entry_id} {done}")
    print_repaginated(result.repaginated)
