"""The row of a document that is made again: after a suspension, its entries have not changed."""

import gc
import gzip
import time
from datetime import UTC, datetime
from statistics import median
from typing import Final

from flask.testing import FlaskClient

from bench.corpus import CATEGORIES, Corpus
from bench.engines import ENGINES, Copies
from bench.measure import Bench, Result, Side, Target, ratios
from bench.polls import FEW, GZIP, PATH
from feeds.app import create_app
from feeds.operations.suspend import suspend
from feeds.store import Store
from tests.databases import closed_connections

DOCUMENTS: Final = 10
"""Documents in one figure, each made by an application of its own, on a store of its own."""

OTHER_PATH: Final = "/releases.json"

TITLE: Final = "Suspended for a measurement"


def remade(bench: Bench) -> list[Result]:
    """Compare a document that a process makes again after a suspension with its first making."""
    results = []
    for engine, copies in ENGINES.items():
        with copies(bench, Corpus(FEW, CATEGORIES)) as copy:
            _made_twice(copy)  # imports modules
            pairs = [_figures(copy) for _ in range(bench.rounds)]
        ours, rival = ([pair[side] for pair in pairs] for side in (1, 0))
        results.append(
            Result(
                row="remade",
                what=f"feed of 50 entries, gzip, {engine}",
                ours=Side("again, after a suspension", median(ours), "ms"),
                rival=Side("for the first time", median(rival), "ms"),
                figures=ratios(ours, rival),
                target=Target(0.3, at_least=False),
            )
        )
    return results


def _figures(copy: Copies) -> tuple[float, float]:
    """Return the average milliseconds for the first making and for the second."""
    pairs = [_made_twice(copy) for _ in range(DOCUMENTS)]
    first, second = (sum(pair[side] for pair in pairs) / DOCUMENTS for side in range(2))
    return first * 1000, second * 1000


def _made_twice(copy: Copies) -> tuple[float, float]:
    """Request a document in a new application, suspend, and request it again; return seconds."""
    with copy() as settings, closed_connections():
        client = create_app(settings).test_client()
        # What every first request does is not measured.
        client.get("/feeds.opml")
        first, body = _timed(client)
        suspend(Store(settings.database_url), settings, datetime.now(UTC), title=TITLE)
        _wait(client)
        second, changed = _timed(client)
    for found, expected in ((body, False), (changed, True)):
        if (TITLE.encode() in gzip.decompress(found)) != expected:
            raise RuntimeError(f"{PATH} has the notice before the suspension, or not after it")
    return first, second


def _wait(client: FlaskClient) -> None:
    """Wait until the application has seen the change, which its thread looks for."""
    for _ in range(200):
        if TITLE.encode() in client.get(OTHER_PATH).data:
            return
        time.sleep(0.05)
    raise RuntimeError(f"{OTHER_PATH} does not have the notice after ten seconds")


def _timed(client: FlaskClient) -> tuple[float, bytes]:
    """Request the document; return the seconds and the body."""
    gc.collect()
    begin = time.perf_counter()
    answer = client.get(PATH, headers=GZIP)
    seconds = time.perf_counter() - begin
    if answer.status_code != 200:  # noqa: PLR2004 - OK
        raise RuntimeError(f"{PATH} answers {answer.status}")
    return seconds, answer.data
