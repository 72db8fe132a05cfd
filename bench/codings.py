"""Size and time of the content codings, for feeds of the demo portal and of the bench.

    python -m bench.codings

prints the tables of docs/performance.md. Times are medians of the rounds, as multiples of the time
in which gzip 6 encodes in the same round; sizes are shares of the identity body.
"""

import gzip
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import brotli
from zlib_ng import zlib_ng

from bench.corpus import CATEGORIES, Corpus, store
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
RELEASES = 1000  # in the store of the bench


class Coding(NamedTuple):
    """A content coding at one level."""

    encode: Callable[[bytes], bytes]
    decode: Callable[[bytes], bytes]


def _zlib_ng(level: int) -> Coding:
    format_ = 16 + zlib_ng.MAX_WBITS  # that of gzip
    return Coding(
        partial(zlib_ng.compress, level=level, wbits=format_),
        partial(zlib_ng.decompress, wbits=format_),
    )


CODINGS = {
    **{
        f"gzip {n}": Coding(partial(gzip.compress, compresslevel=n, mtime=0), gzip.decompress)
        for n in (1, 4, 6)
    },
    **{f"zlib-ng {n}": _zlib_ng(n) for n in (1, 2, 3, 4, 5, 6, 7)},
    **{
        f"br {n}": Coding(partial(brotli.compress, quality=n), brotli.decompress)
        for n in (1, 2, 3, 4, 5, 6, 11)
    },
}


def demo(folder: Path) -> Settings:
    """Make the demo portal and return its settings."""
    settings = Settings.read(SETTINGS | {"FEEDS_DATABASE_URL": f"sqlite:///{folder / 'feeds.db'}"})
    now = datetime.now(UTC)
    migrate(settings, now)
    write(folder / "pages")
    for _ in import_paths(Store(settings.database_url), settings, [folder / "pages"], lambda: now):
        pass
    return settings


def documents(settings: Settings) -> list[bytes]:
    """Return the subscription document of all releases in each format, with 50 entries each."""
    client = create_app(settings).test_client()
    return [client.get(f"/releases.{extension}").data for extension in FORMATS]


def measure(name: str, bodies: Sequence[bytes]) -> None:
    """Measure the codings with these documents and print a table."""
    identity = sum(map(len, bodies))
    encoded = {coding: [code.encode(body) for body in bodies] for coding, code in CODINGS.items()}
    encoding: dict[str, list[float]] = {coding: [] for coding in CODINGS}
    decoding: dict[str, list[float]] = {coding: [] for coding in CODINGS}
    for _ in range(ROUNDS):
        unit = _seconds(CODINGS[RIVAL].encode, bodies)
        for coding, code in CODINGS.items():
            encoding[coding].append(_seconds(code.encode, bodies) / unit)
            decoding[coding].append(_seconds(code.decode, encoded[coding]) / unit)
    print(
        f"\n{name}: {len(bodies)} documents of {identity // len(bodies):,} bytes on average, "
        f"{ROUNDS} rounds\n\n"
        f"| coding | size | time, {RIVAL} = 1 | quartiles | decoding |\n"
        "| --- | --- | --- | --- | --- |"
    )
    for coding, ratios in encoding.items():
        low, middle, high = statistics.quantiles(ratios, n=4)
        size = sum(map(len, encoded[coding])) / identity
        decoded = statistics.median(decoding[coding])
        print(f"| {coding} | {size:.3f} | {middle:.2f} | {low:.2f}–{high:.2f} | {decoded:.2f} |")


def _seconds(use: Callable[[bytes], bytes], bodies: Sequence[bytes]) -> float:
    begin = time.perf_counter()
    for body in bodies:
        use(body)
    return time.perf_counter() - begin


def main() -> None:
    """Measure and print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        measure("Demo portal", documents(demo(Path(folder))))
        corpus = Corpus(RELEASES, CATEGORIES)
        measure("Store of the bench", documents(store(Path(folder), corpus, fresh=True)))


if __name__ == "__main__":
    main()
