"""The row of memory: what a worker has grown by after a walk over very many documents."""

import http.client
import itertools
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import select

from bench.corpus import SETTINGS, category, environ
from bench.measure import Bench, Result, Side, Target
from bench.polls import GZIP
from bench.servers import Server, gunicorn
from demo.templates import Dice
from feeds.formats import FORMATS
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.engine import open_engine, reading
from feeds.store.schema.tables import ReleaseRow

FEEDS, ARCHIVES, PAGES = 2000, 3000, 15_000
"""Documents of each kind that are walked over, 20,000 in all."""

CATEGORIES = 30
ROOM_MB = 40
"""What a worker may grow by beyond the room of its cache: threads, templates, fragments."""

_CONNECTIONS = 4
_SEED = 1


def memory(bench: Bench) -> list[Result]:
    """Compare a worker's resident memory after the walk with that after its first answer."""
    settings = bench.store(bench.releases, CATEGORIES)
    paths = _paths(bench, settings)
    with gunicorn("wsgi:app", environ(Path(Store(settings.database_url).name))) as server:
        server.ask(paths[0], GZIP)
        (worker,) = _workers(server)
        fresh = _resident(worker)
        with ThreadPoolExecutor(_CONNECTIONS) as threads:
            parts = [paths[start::_CONNECTIONS] for start in range(_CONNECTIONS)]
            counts = sum(threads.map(lambda part: _walk(server, part), parts), Counter[int]())
        if _workers(server) != [worker]:
            raise RuntimeError("the worker ended during the walk")
        walked = _resident(worker)
    said = ", ".join(f"{count:,} answered {status}" for status, count in sorted(counts.items()))
    print(f"  {len(paths):,} documents: {said}")
    room = int(SETTINGS["FEEDS_CACHE_MB"])
    return [
        Result(
            row="memory",
            what=f"resident memory of a worker, cache of {room} MB: growth",
            ours=Side(f"after {len(paths):,} documents", walked, "MB"),
            rival=Side("after its first answer", fresh, "MB"),
            figures=[walked - fresh],
            target=Target(room + ROOM_MB, False),
            unit=" MB",
        )
    ]


def _paths(bench: Bench, settings: Settings) -> list[str]:
    """Return the addresses to walk over, in an order that mixes the kinds."""
    feeds = [f"/releases.{extension}" for extension in FORMATS]
    slugs = sorted(category(number).slug for number in range(CATEGORIES))
    for together in (1, 2, 3):
        for members in itertools.combinations(slugs, together):
            feeds += [f"/categories/{'+'.join(members)}.{extension}" for extension in FORMATS]
    full = bench.releases // settings.entries
    step = max(1, full // ARCHIVES)
    archives = [f"/releases/archive/{number}.atom" for number in range(1, full, step)]
    with reading(open_engine(settings.database_url)) as connection:
        pages = connection.scalars(select(ReleaseRow.path).limit(PAGES)).all()
    found = feeds[:FEEDS] + archives[:ARCHIVES] + [f"/releases/{path}" for path in pages]
    return Dice(_SEED).shuffled(found)


def _walk(server: Server, paths: Sequence[str]) -> Counter[int]:
    """Ask for all of these over one connection; return how many answers had which status."""
    counts: Counter[int] = Counter()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        for path in paths:
            connection.request("GET", path, headers=GZIP)
            response = connection.getresponse()
            response.read()
            counts[response.status] += 1
    finally:
        connection.close()
    return counts


def _workers(server: Server) -> list[int]:
    """Return the processes of gunicorn's workers."""
    said = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text(encoding="ascii")
    return [int(word) for word in said.split()]


def _resident(pid: int) -> float:
    """Return what a process has in memory, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} is gone")
