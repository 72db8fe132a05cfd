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
        withdrawn = operations.withdrawals(store)
        for release in withdrawn:
            click.echo(f"{release.path}: {release.title} ({release.entry_id})")
        if not withdrawn:
            click.echo("Withdrawn releases: none.")
        return
    result = operations.withdraw(store, settings, now(), named)
    if result.changed:
        click.echo(f"{result.entry_id} is withdrawn; its page answers 410.")
        click.echo(
            "No feed or page shows it any more, but readers who have fetched it keep it. "
            "`feeds restore` shows it again."
        )
    else:
        click.echo(f"{result.entry_id} was already withdrawn.")
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
    if result.changed:
        click.echo(f"{result.entry_id} is shown again.")
        click.echo(
            "It has its old place, id and dates: readers who have fetched it before see nothing "
            "new, others find it there."
        )
    else:
        click.echo(f"{result.entry_id} was not withdrawn.")
    print_repaginated(result.repaginated)
