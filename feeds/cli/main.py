"""The command ``feeds``.

A command imports what it needs when it runs, so that ``feeds --help`` does not load the database
libraries.
"""

import atexit
import gc
import io
import os
import sys

import click

from feeds.cli import (
    categories,
    check,
    freeze,
    imports,
    notices,
    reach,
    redirects,
    releases,
    serve,
    store,
)
from feeds.cli.context import NOTHING_DONE, REFUSED
from feeds.errors import FeedsError, RefusedError


def main() -> None:
    """Run the command line and end the process with its exit code.

    0 means success, 1 that something was refused, 2 that nothing could be done.
    """
    # A garbage collection at exit would take a sixth of the time of a short command.
    atexit.register(gc.freeze)
    for stream in (sys.stdout, sys.stderr):
        # Characters that the terminal's encoding lacks must not fail the command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        commands.main(standalone_mode=False)
    except click.Abort:
        _fail("Interrupted: run the command again to finish.", NOTHING_DONE)
    except click.ClickException as error:
        error.show()
        sys.exit(NOTHING_DONE)
    except RefusedError as error:
        _fail(str(error), REFUSED)
    except FeedsError as error:
        _fail(str(error), NOTHING_DONE)
    except OSError as error:
        # Python would fail again to flush standard output at exit.
        sys.stdout = io.StringIO()
        _fail(f"The command failed: {error.strerror}.", NOTHING_DONE)


def _fail(message: str, code: int) -> None:
    for line in message.splitlines():
        click.echo(f"feeds: {line}", err=True)
    sys.exit(code)


@click.group()
@click.version_option(package_name="release-feeds", message="%(package)s %(version)s")
@click.pass_context
def commands(context: click.Context) -> None:
    """Serve a press-release archive as Atom, RSS and JSON feeds."""
    if context.invoked_subcommand != "serve":  # which prints these warnings itself
        from feeds.settings import misnamed

        for warning in misnamed(os.environ):
            click.echo(f"feeds: {warning}", err=True)


for command in (
    store.migrate,
    imports.import_,
    serve.serve,
    store.status,
    check.check,
    notices.suspend,
    notices.resume,
    notices.notices,
    reach.reach,
    releases.withdraw,
    releases.restore,
    categories.categories,
    redirects.address,
    freeze.freeze,
    store.export,
    store.backup,
    store.backup_restore,
):
    commands.add_command(command)
