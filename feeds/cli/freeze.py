"""The archive as files: ``feeds freeze``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from feeds.cli.context import now, with_store

if TYPE_CHECKING:
    from feeds.settings import Settings
    from feeds.store import Store


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--combined",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Include the combined feeds in a file (-: standard input), an address on each line.",
)
@with_store
def freeze(store: Store, settings: Settings, folder: Path, combined: Path | None) -> None:
    """Write everything that the service answers to FOLDER, as files for another host."""
    from feeds.cli.progress import reported
    from feeds.freeze.run import Freeze

    run = Freeze(store, settings, folder, combined, now())
    answers = sum(1 for _ in reported(run, run))
    click.echo(
        f"{answers} documents, pages and files: {run.written / 1e6:.1f} MB written, "
        f"{run.linked / 1e6:.1f} MB unchanged."
    )
    click.echo(f"{run.moved} addresses redirect or are gone.")
    click.echo("What hosts cannot do as the service does:")
    for (host, kind), number in (+run.left_out).items():
        click.echo(f"  {host}: {kind} ({number})")
    click.echo(f"SHA-256 of {folder}/current/manifest.sha256: {run.digest}")
    click.echo("Let the host read its configuration again.")
