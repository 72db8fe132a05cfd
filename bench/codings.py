"""Size and time of the content codings, for the subscription documents of the demo portal.

    python -m bench.codings

prints the table of docs/performance.md. Times are medians of the rounds, as multiples of the time
of gzip 6 in the same round; sizes are shares of the identity body.
"""

import gzip
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import brotli
from zlib_ng import zlib_ng

from demo.__main__ import SETTINGS
from demo.portal import write
from feeds.app import create_app
from feeds.formats import FORMATS
from feeds.ingest.run import import_paths
from feeds.operations.migrate import migrate
from feeds.settings import Settings
from feeds.store import Store

ROUNDS = 15
RIVAL = "gzip 6"
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    **{f"gzip {n}": partial(gzip.compress, compresslevel=n, mtime=0) for n in (1, 4, 6, 9)},
    **{
        f"zlib-ng {n}": partial(zlib_ng.compress, level=n, wbits=16 + zlib_ng.MAX_WBITS)
        for n in (1, 3, 5, 6, 9)
    },
    **{f"br {n}": partial(brotli.compress, quality=n) for n in (1, 4, 5, 6, 9, 11)},
}


def documents() -> list[bytes]:
    """Return the subscription document of all releases in each format, with 50 entries each."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "feeds.db"
        settings = Settings.read(SETTINGS | {"FEEDS_DATABASE_URL": f"sqlite:///{store}"})
        now = datetime.now(UTC)
        migrate(settings, now)
        write(Path(folder) / "pages")
        for _ in import_paths(
            Store(settings.database_url), settings, [Path(folder) / "pages"], lambda: now
        ):
            pass
        client = create_app(settings).test_client()
        return [client.get(f"/releases.{extension}").data for extension in FORMATS]


def main() -> None:
    """Measure and print the table."""
    bodies = documents()
    identity = sum(map(len, bodies))
    times: dict[str, list[float]] = {name: [] for name in CODINGS}
    sizes = {name: sum(len(code(body)) for body in bodies) for name, code in CODINGS.items()}
    for _ in range(ROUNDS):
        seconds = {}
        for name, code in CODINGS.items():
            begin = time.perf_counter()
            for body in bodies:
                code(body)
            seconds[name] = time.perf_counter() - begin
        for name in CODINGS:
            times[name].append(seconds[name] / seconds[RIVAL])
    print(
        f"{len(bodies)} documents of {identity // len(bodies)} bytes on average, {ROUNDS} rounds\n"
    )
    print(f"| coding | size | time, {RIVAL} = 1 | quartiles |\n| --- | --- | --- | --- |")
    for name, ratios in times.items():
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(f"| {name} | {sizes[name] / identity:.3f} | {middle:.2f} | {low:.2f}–{high:.2f} |")


if __name__ == "__main__":
    main()
