"""The row of memory: the growth of a worker that has served very many documents."""

import http.client
import itertools
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.corpus import CATEGORIES, SETTINGS, category
from bench.measure import Bench, Result, Side, Target
from bench.polls import GZIP, environment
from bench.servers import Server, gunicorn, workers
from demo.templates import Dice
from feeds.formats import FORMATS
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.copy.dump import TABLES

FEEDS, ARCHIVES, PAGES = 2000, 3000, 15_000
"""Documents of each kind that are requested, 20,000 in all."""

ALLOWED_MB = 40
"""Allowed growth in addition to the cache: threads, templates, fragmentation."""

_CONNECTIONS = 4
_SEED = 1


def memory(bench: Bench) -> list[Result]:
    """Compare the resident memory of a worker after all requests and after its first answer."""
    settings = bench.store(bench.releases)
    paths = _paths(bench, settings)
    with gunicorn("wsgi:app", environment(settings)) as server:
        server.ask(paths[0], GZIP)
        (worker,) = workers(server)
        fresh = _resident(worker)
        with ThreadPoolExecutor(_CONNECTIONS) as threads:
            parts = [paths[start::_CONNECTIONS] for start in range(_CONNECTIONS)]
            counts = sum(threads.map(lambda part: _request(server, part), parts), Counter[int]())
        if workers(server) != [worker]:
            raise RuntimeError("the worker ended before the last request")
        after = _resident(worker)
    statuses = ", ".join(f"{count:,} answered {status}" for status, count in sorted(counts.items()))
    print(f"  {len(paths):,} documents: {statuses}")
    cache = int(SETTINGS["FEEDS_CACHE_MB"])
    return [
        Result(
            row="memory",
            what=f"resident memory of a worker, cache of {cache} MB: growth",
            ours=Side(f"after {len(paths):,} documents", after, "MB"),
            rival=Side("after its first answer", fresh, "MB"),
            figures=[after - fresh],
            target=Target(cache + ALLOWED_MB, at_least=False),
            unit=" MB",
        )
    ]


def _paths(bench: Bench, settings: Settings) -> list[str]:
    """Return the paths to request, in an order that mixes the kinds."""
    feeds = [f"/releases.{extension}" for extension in FORMATS]
    slugs = sorted(category(number).slug for number in range(CATEGORIES))
    for count in (1, 2, 3):
        for members in itertools.combinations(slugs, count):
            feeds += [f"/categories/{'+'.join(members)}.{extension}" for extension in FORMATS]
    full = bench.releases // settings.entries
    step = max(1, full // ARCHIVES)
    archives = [f"/releases/archive/{number}.atom" for number in range(1, full, step)]
    column = TABLES["release"].index("path")
    with Store(settings.database_url).dump() as dump:
        pages = [row[column] for row in itertools.islice(dump.rows("release"), PAGES)]
    found = feeds[:FEEDS] + archives[:ARCHIVES] + [f"/releases/{path}" for path in pages]
    return Dice(_SEED).shuffled(found)


def _request(server: Server, paths: Sequence[str]) -> Counter[int]:
    """Request all of these over one connection; return the number of answers by status."""
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


def _resident(pid: int) -> float:
    """Return the resident memory of a process, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has ended")
