"""Kill and stop the servers of a replicated store while clients poll the service.

    python -m drills.replicas --seconds 40

Each fault happens to the server that the service reads first: to the primary, and to a replica. A
fifth of the polls have no entity tag and are for documents that the service does not keep in
memory, so each of these has to read the database.
"""

import argparse
import http.client
import itertools
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from drills.kill import WrongError, write
from feeds.formats import FORMATS
from tests.portal import Portal
from tests.replication import Cluster, Node, address_of, replication

FAULTS: Final = {"kill -9": (Node.kill, Node.start), "SIGSTOP": (Node.freeze, Node.thaw)}

_POLLS: Final = 100  # a second, each by a client of its own
_COLD: Final = 20  # of them without a tag
_CATEGORIES: Final = 12
_WORKERS: Final = 2
_THREADS: Final = 4
_TIMEOUT: Final = 30.0
_OK: Final = 200
_NOT_MODIFIED: Final = 304


@dataclass(frozen=True)
class Plan:
    """How long the clients poll before a fault, during it and after it; how many releases exist.

    At most one poll for each thread of the service may be slower than ``slow`` seconds.
    """

    seconds: float = 40.0
    releases: int = 2000
    slow: float = 3.0


@dataclass
class Polls:
    """How long the polls took, and what was wrong with those that failed."""

    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


class Clients:
    """Clients that poll at an even rate, whatever the service does."""

    def __init__(self, address: str) -> None:
        self._address = address.removeprefix("http://")
        self._stopped = threading.Event()
        self.polls = Polls()
        bases = ["/releases", *(f"/categories/k{number}" for number in range(_CATEGORIES))]
        self._tags = {f"{base}.{form}": "" for base in bases for form in FORMATS}
        self._cold: list[str] = []

    @contextmanager
    def polling(self) -> Iterator[None]:
        """Poll during a block."""
        with closing(self._connect()) as connection:
            for path in self._tags:
                self._tags[path] = _get(connection, path).headers["ETag"]
            number = 1
            while (got := _get(connection, f"/releases/archive/{number}.json")).status == _OK:
                self._cold += [f"/releases/archive/{number}.{form}" for form in FORMATS]
                self._cold += [urlsplit(item["url"]).path for item in json.loads(got.body)["items"]]
                number += 1
        clients = [threading.Thread(target=self._poll, args=(number,)) for number in range(_POLLS)]
        for client in clients:
            client.start()
        try:
            yield
        finally:
            self._stopped.set()
            for client in clients:
                client.join()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address, timeout=_TIMEOUT)

    def _poll(self, number: int) -> None:
        """Poll once a second; a poll that had to wait for the one before began when it was due."""
        due = time.monotonic() + number / _POLLS
        paths = self._cold if number < _COLD else list(self._tags)
        connection = self._connect()
        for path in itertools.cycle(paths[number * len(paths) // _POLLS :] + paths):
            if self._stopped.wait(max(0, due - time.monotonic())):
                break
            tag = self._tags.get(path)
            try:
                status = _get(connection, path, tag).status
            except (OSError, http.client.HTTPException) as error:
                self.polls.failed.append(f"{path}: {error!r}")
                connection.close()
            else:
                if status != (_NOT_MODIFIED if tag else _OK):
                    self.polls.failed.append(f"{path}: {status}")
            self.polls.seconds.append(time.monotonic() - due)
            due += 1
        connection.close()


class _Got(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def _get(connection: http.client.HTTPConnection, path: str, tag: str | None = None) -> _Got:
    connection.request("GET", path, headers={"If-None-Match": tag} if tag else {})
    response = connection.getresponse()
    return _Got(response.status, response.headers, response.read())


def drill(cluster: Cluster, folder: Path, plan: Plan) -> Iterator[str]:
    """Cause each fault; yield a line about each. Raises ``WrongError``."""
    portal = Portal(
        folder,
        cluster.primary.new_address(),
        FEEDS_REVISION_TTL="1",
        FEEDS_ACCESS_LOG="off",
        FEEDS_CACHE_MB="1",
        FEEDS_WORKERS=str(_WORKERS),
        FEEDS_THREADS=str(_THREADS),
    ).made()
    write(folder / "releases.jsonl", plan.releases)
    ran = portal.feeds("import", folder / "releases.jsonl")
    if ran.code:
        raise WrongError(ran.err)
    cluster.catch_up()
    primary, (replica, *others) = cluster.primary, cluster.replicas
    for name, (fault, mend) in FAULTS.items():
        for who, nodes in (
            ("the primary", (primary, replica, *others)),
            ("a replica", (replica, primary, *others)),
        ):
            portal.environ["FEEDS_READ_DATABASE_URL"] = address_of(portal.url, *nodes)
            with portal.served() as address:
                clients = Clients(address)
                with clients.polling():
                    time.sleep(plan.seconds)
                    fault(nodes[0])
                    time.sleep(plan.seconds)
                    mend(nodes[0])
                    time.sleep(plan.seconds)
            seconds, failed = clients.polls.seconds, clients.polls.failed
            slow = sum(one > plan.slow for one in seconds)
            yield (
                f"{name} of {who}: {len(seconds)} polls, {len(failed)} failed, {slow} slower than "
                f"{plan.slow:g} s, the slowest {max(seconds):.2f} s"
            )
            if failed:
                raise WrongError(f"polls failed, the first of them {failed[0]}")
            if slow > _WORKERS * _THREADS:
                raise WrongError("more polls were slow than the service has threads")


def main() -> int:
    """Run the drill; return the exit code."""
    parser = argparse.ArgumentParser(
        description="Kill and stop database servers while clients poll the service."
    )
    parser.add_argument("--seconds", type=float, default=Plan.seconds, help="of each phase")
    parser.add_argument("--releases", type=int, default=Plan.releases)
    options = parser.parse_args()
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="drill-")))
            cluster = stack.enter_context(replication())
            for line in drill(cluster, folder, Plan(options.seconds, options.releases)):
                print(line, flush=True)
    except WrongError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
