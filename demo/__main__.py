"""``make demo``: a suspended portal, imported and served, as an operator would do it.

The store is made aside and put in its place when it is whole, so that an interrupted run leaves
nothing behind and a second run only serves.
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
    "FEEDS_TITLE": "PRCentrs.Lv (paraugs)",
    "FEEDS_RIGHTS": "Copyright © 2007-2022 PRCentrs.Lv",
}


SINCE = "2022-10-01T00:00:00+03:00"  # the day after the last of the invented releases


def main(folder: Path) -> None:
    """Make the demo in a folder, unless it is there, and serve it until it is stopped."""
    store = folder / "feeds.db"
    host, _, port = BIND.rpartition(":")
    with socket.socket() as probe:
        # As the server does: a port that was in use a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            sys.exit(
                f"{BIND} cannot be used: {error.strerror}. Take another port: "
                "FEEDS_BIND=127.0.0.1:8123 make demo"
            )
    if not store.exists():
        making = folder / "making"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        count = write(making / "pages")
        print(f"Importing {count} invented pages …", flush=True)
        _feeds(making / "feeds.db", "migrate")
        _feeds(making / "feeds.db", "import", str(making / "pages"))
        _feeds(making / "feeds.db", "suspend", "--since", SINCE)
        shutil.rmtree(folder / "pages", ignore_errors=True)
        (making / "pages").rename(folder / "pages")
        (making / "feeds.db").rename(store)
        making.rmdir()
    # Those of the base URL stand in documents, and it may be another than at the last run.
    _feeds(store, "migrate")
    print(
        f"""
  A page for people       {ADDRESS}/
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
    # Settings of another service, but for the port, must not leak into the demo.
    outside = {name: value for name, value in os.environ.items() if name[:6] != "FEEDS_"}
    environ = outside | SETTINGS | {"FEEDS_DATABASE_URL": f"sqlite:///{store}"}
    return program, [program, *arguments], environ


if __name__ == "__main__":
    main(Path(sys.argv[1]))
