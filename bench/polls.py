"""Rows of the wire: hot polls, ours and the rivals' under the same gunicorn, asked by wrk."""

import gzip
import json
import tempfile
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from bench.corpus import category, environ
from bench.load import Load, load
from bench.measure import Bench, Result, Side, Target, ratios
from bench.servers import Answer, Server, gunicorn
from feeds.settings import Settings
from feeds.store import Store

FEW = 1000
"""Releases in the store that polls are measured on: where a rival's query costs it least."""

PATH = f"/categories/{category(0).slug}.atom"
GZIP = {"Accept-Encoding": "gzip"}
ENTRIES = 50

_WARM_SECONDS = 1


def hot(bench: Bench) -> list[Result]:
    """Compare a poll answered 200 with a finished answer of a bare WSGI application."""
    return [_against_bare(bench, "hot", "poll answered 200, gzip", GZIP, 200)]


def unchanged(bench: Bench) -> list[Result]:
    """Compare a poll answered 304 with a finished answer of a bare WSGI application."""
    settings = bench.store(FEW)
    with gunicorn("wsgi:app", environment(settings)) as ours:
        tag = ours.ask(PATH, GZIP).header("ETag")
    headers = GZIP | {"If-None-Match": tag}
    return [_against_bare(bench, "unchanged", "poll answered 304", headers, 304)]


def _against_bare(
    bench: Bench, row: str, what: str, headers: Mapping[str, str], status: int
) -> Result:
    own = environment(bench.store(FEW))
    with ExitStack() as stack:
        ours = stack.enter_context(gunicorn("wsgi:app", own))
        answer = ours.ask(PATH, headers).finished()
        if answer.status != status:
            raise RuntimeError(f"the service answers {answer.status} instead of {status}")
        kept = stack.enter_context(_kept(answer))
        bare = stack.enter_context(gunicorn("bench.bare:app", own | {"BENCH_ANSWER": str(kept)}))
        if bare.ask(PATH, headers).finished() != answer:
            raise RuntimeError("the bare application answers otherwise than the service")
        mine, others = loads(bench, [ours, bare], headers)
    rival = "bare WSGI application", others
    return compared(row, what, ("release-feeds", mine), rival, Target(0.95, True, True))


def ordinary(bench: Bench) -> list[Result]:
    """Compare a hot poll with frameworks that make the feed at every request, or cache it."""
    own = environment(bench.store(FEW))
    rivals = {
        "Flask, SQLAlchemy ORM and feedgen": ("bench.ordinary:app", {}),
        "Django syndication": ("bench.django_rival:app", {}),
        "Django syndication, cached": ("bench.django_rival:app", {"BENCH_DJANGO_CACHE": "on"}),
    }
    with ExitStack() as stack:
        ours = stack.enter_context(gunicorn("wsgi:app", own))
        others = [stack.enter_context(gunicorn(app, own | extra)) for app, extra in rivals.values()]
        for server in (ours, *others):
            check(server)
        first, *measured = loads(bench, [ours, *others], GZIP)
    mine = "release-feeds", first
    targets: list[Target | None] = [Target(60, True), None, None]
    return [
        compared("ordinary", "poll answered 200, gzip", mine, (name, did), target)
        for name, did, target in zip(rivals, measured, targets, strict=True)
    ]


def check(server: Server) -> None:
    """Make sure that a server answers with the feed, compressed: a ratio to an error is none."""
    answer = server.ask(PATH, GZIP)
    if answer.status != 200 or answer.header("Content-Encoding") != "gzip":  # noqa: PLR2004
        raise RuntimeError(f"{server.address(PATH)} answers {answer.status}, {answer.headers}")
    count = gzip.decompress(answer.body).count(b"<entry")
    if count != ENTRIES:
        raise RuntimeError(f"{server.address(PATH)} has {count} entries")


def loads(bench: Bench, servers: Sequence[Server], headers: Mapping[str, str]) -> list[list[Load]]:
    """Load all servers in turn, in rounds; return what each did."""
    for server in servers:
        load(server.address(PATH), headers, _WARM_SECONDS)
    return bench.interleaved(
        [partial(load, server.address(PATH), headers, bench.seconds) for server in servers]
    )


def compared(
    row: str,
    what: str,
    ours: tuple[str, Sequence[Load]],
    rival: tuple[str, Sequence[Load]],
    target: Target | None,
) -> Result:
    """Compare the loads of two named servers by their answers a second."""
    return Result(
        row=row,
        what=what,
        ours=_side(*ours),
        rival=_side(*rival),
        figures=ratios([one.rate for one in ours[1]], [one.rate for one in rival[1]]),
        target=target,
    )


def _side(name: str, loads: Sequence[Load]) -> Side:
    return Side(
        name,
        median(one.rate for one in loads),
        "/s",
        (median(one.p50 for one in loads), median(one.p99 for one in loads)),
    )


@contextmanager
def _kept(answer: Answer) -> Iterator[Path]:
    """Keep an answer in a file, for the bare application."""
    stated = {
        "status": f"{answer.status} {answer.reason}",
        "headers": answer.headers,
        "body": b64encode(answer.body).decode(),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.json"
        path.write_text(json.dumps(stated), encoding="utf-8")
        yield path


def environment(settings: Settings) -> dict[str, str]:
    """Return the variables of the service over a store."""
    return environ(Path(Store(settings.database_url).name))
