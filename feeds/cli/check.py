"""Checking that everything is well."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from feeds.cli.context import REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from feeds.settings import Settings


@click.command()
@click.option(
    "--sample",
    type=click.IntRange(min=0),
    metavar="N",
    help="Look at N random documents instead of all.",
)
@click.option("--public", is_flag=True, help="Also ask the public address, as a reader does.")
@click.option(
    "--frozen",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Check a folder of `feeds freeze`, and not the store.",
)
def check(sample: int | None, public: bool, frozen: Path | None) -> None:
    """Check the settings, the store and the documents; print a line for each fault."""
    from feeds.errors import FeedsError
    from feeds.settings import Settings

    if frozen and public:
        raise click.UsageError("Give either --frozen or --public: the one reads no store.")
    number = 0
    looked_at: list[str] = []
    try:
        settings = Settings.read(os.environ)
        found = (
            _frozen_faults(frozen, settings, sample, looked_at)
            if frozen
            else _faults(settings, sample, looked_at, public=public)
        )
        for fault in found:
            number += 1
            click.echo(fault)
    except FeedsError as error:  # without settings or store there is nothing more to check
        number += 1
        click.echo(str(error))  # of wrong settings it has a line for each
    if number:
        sys.exit(REFUSED)
    click.echo(f"No faults: {', '.join(looked_at)}.")


def _faults(
    settings: Settings, sample: int | None, looked_at: list[str], *, public: bool
) -> Iterator[str]:
    """Yield the faults of everything but a folder; then say what was looked at."""
    from feeds.app import check as check_start
    from feeds.operations.check import Check
    from feeds.operations.migrate import language_warning, require_authority, require_timezone
    from feeds.store import Store

    store = Store(settings.database_url)
    checked = Check(store, settings)
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
    looked_at.append(
        "the store" if store.checks_indexes else "the store without its indexes (they need amcheck)"
    )
    if checked.documents:
        looked_at.append(f"{checked.documents:,} documents")
    if public:
        yield from checked.public_faults()
        looked_at.append("the public address")


def _frozen_faults(
    folder: Path, settings: Settings, sample: int | None, looked_at: list[str]
) -> Iterator[str]:
    """Yield the faults of a folder; then say what was looked at."""
    from feeds.freeze.check import FrozenCheck

    checked = FrozenCheck(folder, settings, sample)
    yield from checked.faults()
    looked_at.append(f"{checked.files:,} files")
    if checked.documents:
        looked_at.append(f"{checked.documents:,} documents")
