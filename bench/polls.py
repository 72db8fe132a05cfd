"""Rows of polls: the service and its rivals under the same gunicorn, loaded by wrk."""

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
from bench.load import load
from bench.measure import Bench, Result, Side, Target, ratios
from bench.servers import Answer, Server, gunicorn
from feeds.settings import Settings

FEW = 1000
"""Releases in the store on which polls are measured: a rival's query is cheapest there."""

PATH = f"/categories/{category(0).slug}.atom"
GZIP = {"Accept-Encoding": "gzip"}
ENTRIES = 50

_WARM_SECONDS = 1


def hot(bench: Bench) -> list[Result]:
    """Compare a poll answered 200 with a finished answer of a bare WSGI application."""
    return [_against_bare_wsgi(bench, "hot", "poll answered 200, gzip", GZIP, 200)]


def not_modified(bench: Bench) -> list[Result]:
    """Compare a poll answered 304 with a finished answer of a bare WSGI application."""
    with gunicorn("wsgi:app", environment(bench.store(FEW))) as ours:
        tag = ours.ask(PATH, GZIP).header("ETag")
    headers = GZIP | {"If-None-Match": tag}
    return [_against_bare_wsgi(bench, "not_modified", "poll answered 304", headers, 304)]


def _against_bare_wsgi(
    bench: Bench, row: str, what: str, headers: Mapping[str, str], status: int
) -> Result:
    variables = environment(bench.store(FEW))
    with ExitStack() as stack:
        ours = stack.enter_context(gunicorn("wsgi:app", variables))
        answer = ours.ask(PATH, headers).from_application()
        if answer.status != status:
            raise RuntimeError(f"the service answers {answer.status} instead of {status}")
        file = {"BENCH_ANSWER": str(stack.enter_context(_saved(answer)))}
        bare = stack.enter_context(gunicorn("bench.bare_wsgi:app", variables | file))
        if bare.ask(PATH, headers).from_application() != answer:
            raise RuntimeError("the bare application gives another answer than the service")
        our_rates, bare_rates = loads(bench, [(ours, headers), (bare, headers)])
    sides = ("release-feeds", our_rates), ("bare WSGI application", bare_rates)
    return compared(row, what, *sides, Target(0.95, at_least=True, lenient=True))


def metrics(bench: Bench) -> list[Result]:
    """Compare a hot poll with FEEDS_METRICS=on with one without."""
    variables = environment(bench.store(FEW))
    with (
        gunicorn("wsgi:app", variables | {"FEEDS_METRICS": "on"}) as on,
        gunicorn("wsgi:app", variables) as off,
    ):
        check(on)
        check(off)
        on_rates, off_rates = loads(bench, [(on, GZIP), (off, GZIP)])
    sides = ("FEEDS_METRICS=on", on_rates), ("off", off_rates)
    target = Target(0.97, at_least=True, lenient=True)
    return [compared("metrics", "poll answered 200, gzip", *sides, target)]


def frameworks(bench: Bench) -> list[Result]:
    """Compare a hot poll with ordinary applications of two frameworks."""
    variables = environment(bench.store(FEW))
    rivals: dict[str, tuple[str, Target | None]] = {
        "Flask, SQLAlchemy ORM and feedgen": (
            "bench.flask_orm_rival:app",
            Target(60, at_least=True),
        ),
        "Django syndication, cached": ("bench.django_rival:app", None),
    }
    with ExitStack() as stack:
        applications = ["wsgi:app", *(app for app, _ in rivals.values())]
        servers = [stack.enter_context(gunicorn(app, variables)) for app in applications]
        for server in servers:
            check(server)
        ours, *others = loads(bench, [(server, GZIP) for server in servers])
    what = "poll answered 200, gzip"
    return [
        compared("frameworks", what, ("release-feeds", ours), (name, rates), target)
        for (name, (_, target)), rates in zip(rivals.items(), others, strict=True)
    ]


def check(server: Server) -> None:
    """Raise ``RuntimeError`` unless a server answers with the whole feed, compressed."""
    answer = server.ask(PATH, GZIP)
    if answer.status != 200 or answer.header("Content-Encoding") != "gzip":  # noqa: PLR2004 - OK
        raise RuntimeError(f"{server.url(PATH)} answers {answer.status}, {answer.headers}")
    count = gzip.decompress(answer.body).count(b"<entry")
    if count != ENTRIES:
        raise RuntimeError(f"{server.url(PATH)} has {count} entries")


def loads(bench: Bench, requests: Sequence[tuple[Server, Mapping[str, str]]]) -> list[list[float]]:
    """Load all servers in turn, in rounds; return the answers per second of each."""
    for server, headers in requests:
        load(server.url(PATH), headers, _WARM_SECONDS)
    return bench.interleaved(
        [partial(load, server.url(PATH), headers, bench.seconds) for server, headers in requests]
    )


def compared(
    row: str,
    what: str,
    ours: tuple[str, Sequence[float]],
    rival: tuple[str, Sequence[float]],
    target: Target | None,
) -> Result:
    """Compare two named servers by their answers per second."""
    return Result(
        row=row,
        what=what,
        ours=Side(ours[0], median(ours[1]), "/s"),
        rival=Side(rival[0], median(rival[1]), "/s"),
        figures=ratios(ours[1], rival[1]),
        target=target,
    )


@contextmanager
def _saved(answer: Answer) -> Iterator[Path]:
    """Write an answer to a file for the bare application."""
    content = {
        "status": f"{answer.status} {answer.reason}",
        "headers": answer.headers,
        "body": b64encode(answer.body).decode(),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        yield path


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables of the service on a store."""
    return environ(settings.database_url)
