"""Checking that everything is well."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from feeds.cli.context import REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from feeds.operations.check import Check
    from feeds.settings import Settings
    from feeds.store import Store


@click.command()
@click.option(
    "--sample",
    type=click.IntRange(min=0),
    metavar="N",
    help="Look at N random documents instead of all.",
)
@click.option("--public", is_flag=True, help="Also ask the public address, as a reader does.")
def check(sample: int | None, public: bool) -> None:
    """Check the settings, the store and the documents; print a line for each fault."""
    from feeds.errors import FeedsError
    from feeds.operations.check import Check
    from feeds.settings import Settings
    from feeds.store import Store

    number = 0
    try:
        settings = Settings.read(os.environ)
        store = Store(settings.database_url)
        checked = Check(store, settings)
        for fault in _faults(checked, store, settings, sample, public=public):
            number += 1
            click.echo(fault)
    except FeedsError as error:  # without settings or store there is nothing more to check
        number += 1
        click.echo(str(error))
    if number:
        sys.exit(REFUSED)
    documents = [f"{checked.documents:,} documents"] if checked.documents else []
    address = ["the public address"] if public else []
    click.echo(f"No faults: {', '.join(['the store', *documents, *address])}.")


def _faults(
    checked: Check, store: Store, settings: Settings, sample: int | None, *, public: bool
) -> Iterator[str]:
    from feeds.app import check as check_start
    from feeds.operations.migrate import language_warning, require_authority, require_timezone

    store.check()
    with store.read() as snapshot:
        require_authority(settings, snapshot.everything())
        head = snapshot.head()
    require_timezone(settings, head)
    yield from check_start(settings)
    if warning := language_warning(settings, head):
        yield warning
    yield from checked.store_faults()
    yield from checked.document_faults(sample)
    if public:
        yield from checked.public_faults()
