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
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--wacz",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the same documents to one file for libraries, a web archive (.wacz).",
)
@click.option(
    "--combined",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Include the combined feeds in a file (-: standard input), an address on each line.",
)
@with_store
def freeze(
    store: Store,
    settings: Settings,
    folder: Path | None,
    wacz: Path | None,
    combined: Path | None,
) -> None:
    """Write everything that the service answers to FOLDER, as files for another host."""
    from feeds.cli.progress import reported
    from feeds.freeze.run import Freeze, Wanted

    _check(folder, wacz)
    run = Freeze(store, settings, Wanted(folder, wacz, combined), now())
    for _ in reported(run):
        pass
    size = f"{run.written / 1e6:.1f} MB written, {run.linked / 1e6:.1f} MB unchanged."
    click.echo(f"{run.done} documents, pages and files{f': {size}' if folder else '.'}")
    click.echo(f"{run.moved} addresses redirect or are gone.")
    if folder:
        click.echo("What hosts cannot do as the service does:")
        for (host, kind), number in (+run.left_out).items():
            click.echo(f"  {host}: {kind} ({number})")
        click.echo(f"SHA-256 of {folder}/current/manifest.sha256: {run.digest}")
    if wacz:
        click.echo(f"SHA-256 of {wacz}: {run.deposit_digest}")
    click.echo("Publish the SHA-256 where people trust it: it shows that a copy is unchanged.")
    if folder:
        click.echo("Let the host read its configuration again.")


def _check(folder: Path | None, wacz: Path | None) -> None:
    """Raise ``UsageError`` if the arguments do not say what to write, or where."""
    if wacz is None:
        if folder is None:
            raise click.UsageError("Name a FOLDER, a file with --wacz, or both.")
        return
    if wacz.suffix != ".wacz":
        raise click.UsageError(f"The name of a web archive ends in .wacz, and {wacz} does not.")
    if folder and wacz.resolve().is_relative_to(folder.resolve()):
        raise click.UsageError(f"{wacz} is in {folder}, whose files are replaced: name another.")
