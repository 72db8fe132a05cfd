"""``make demo``: a suspended portal, imported and served with the commands of an operator.

The store is made in a temporary folder and moved into place when it is complete. A second run only
serves it, and an interrupted run is started again from the beginning.
"""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from demo.portal import write

BIND = os.environ.get("FEEDS_BIND", "127.0.0.1:8000")
ADDRESS = f"http://{BIND}"
SETTINGS = {
    "FEEDS_BIND": BIND,
    "FEEDS_BASE_URL": ADDRESS,
    "FEEDS_AUTHORITY": "prcentrs.example",
    "FEEDS_AUTHORITY_YEAR": "2008",
    "FEEDS_TIMEZONE": "Europe/Riga",
    "FEEDS_ENTRIES": "50",
    "FEEDS_TITLE": "PRCentrs.Lv (paraugs)",
    "FEEDS_RIGHTS": "Copyright © 2007-2022 PRCentrs.Lv",
}

SINCE = "2022-10-01T00:00:00+03:00"  # the day after the last of the invented releases


def main(folder: Path) -> None:
    """Make the demo in a folder if it does not exist, and serve it until it is stopped."""
    store = folder / "feeds.db"
    host, _, port = BIND.rpartition(":")
    with socket.socket() as probe:
        # The server sets this too, so a port that was closed a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            sys.exit(
                f"{BIND} cannot be used: {error.strerror}. Choose another port: "
                "FEEDS_BIND=127.0.0.1:8123 make demo"
            )
    if not store.exists():
        temporary = folder / "incomplete"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        count = write(temporary / "pages")
        print(f"Importing {count} invented pages …", flush=True)
        _feeds(temporary / "feeds.db", "migrate")
        _feeds(temporary / "feeds.db", "import", str(temporary / "pages"))
        _feeds(temporary / "feeds.db", "suspend", "--since", SINCE)
        shutil.rmtree(folder / "pages", ignore_errors=True)
        (temporary / "pages").rename(folder / "pages")
        (temporary / "feeds.db").rename(store)
        temporary.rmdir()
    # Documents contain the base URL, and the port may be another than at the last run.
    _feeds(store, "migrate")
    print(
        f"""
  A page for the browser  {ADDRESS}/
  Every release           {ADDRESS}/releases.atom  (.rss, .json)
  One category            {ADDRESS}/categories/sabiedribas-integracija.atom
  Every feed, as a list   {ADDRESS}/feeds.opml
  Is it ready?            {ADDRESS}/readyz

  Subscribe to one of the feeds in your reader. Ctrl-C stops the service.
""",
        flush=True,
    )
    os.execve(*_command(store, "serve"))  # noqa: S606 - no shell is wanted


def _feeds(store: Path, *arguments: str) -> None:
    program, command, environ = _command(store, *arguments)
    subprocess.run(command, executable=program, env=environ, check=True)  # noqa: S603 - our own command


def _command(store: Path, *arguments: str) -> tuple[str, list[str], dict[str, str]]:
    program = str(Path(sys.executable).with_name("feeds"))
    # Of the settings in the environment, only the address to listen on applies to the demo.
    outside = {name: value for name, value in os.environ.items() if name[:6] != "FEEDS_"}
    environ = outside | SETTINGS | {"FEEDS_DATABASE_URL": f"sqlite:///{store}"}
    return program, [program, *arguments], environ


if __name__ == "__main__":
    main(Path(sys.argv[1]))
