"""Who changed the store: one line in systemd's journal, otherwise on standard error."""

import os
import shlex
import socket
import sys
from contextlib import suppress

import click

SOCKET = "/run/systemd/journal/socket"

_LONGEST = 1000  # characters of a command; a text or a list of files may have many
_ESCAPES = {"\\": r"\\", "'": r"\'", "\n": r"\n"}
_BYTES = bytes(range(128, 256)).decode("ascii", "surrogateescape")
_SECONDS = 1.0  # how long a journal that does not read may keep the command


def record(store: str, revision: int) -> None:
    """Record the command of this process, which left a store at a revision.

    The store is named because the command does not: it may be that of a variable set by hand.

    A person at a terminal without a journal knows what they have done, and is told nothing.
    """
    from feeds.ingest.inputs import printable

    command = " ".join(["feeds", *map(_quoted, sys.argv[1:])])[:_LONGEST]
    user = printable(_user())
    store = printable(store)
    message = f"{user} ran `{command}`: the store {store} now has revision {revision}."
    fields = {
        "MESSAGE": message,
        "PRIORITY": 5,  # notice
        "SYSLOG_IDENTIFIER": "feeds",
        "CHANGE_COMMAND": command,
        "CHANGE_STORE": store,
        "CHANGE_REVISION": revision,
        "CHANGE_USER": user,
    }
    # https://systemd.io/JOURNAL_NATIVE_PROTOCOL: no value contains the end of a line.
    lines = "".join(f"{name}={value}\n" for name, value in fields.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.settimeout(_SECONDS)
        try:
            journal.sendto(lines.encode(), SOCKET)
        except OSError:
            if not sys.stderr.isatty():
                click.echo(f"feeds: {message}", err=True)


def _quoted(argument: str) -> str:
    """Quote an argument, on one line, so that bash and zsh can run the command again."""
    if argument.isprintable():
        return shlex.quote(argument)
    return "$'" + "".join(map(_escaped, argument)) + "'"


def _escaped(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter.isprintable():
        return letter
    # A byte that is not in UTF-8, or another character that cannot be printed.
    return f"\\x{os.fsencode(letter).hex()}" if letter in _BYTES else f"\\U{ord(letter):08x}"


def _user() -> str:
    """Return who ran the command, before sudo: its own user is that of the service."""
    user = f"user {os.getuid()}"
    with suppress(OSError):  # cron and containers have no login
        user = os.environ.get("SUDO_USER") or os.getlogin()
    return user
