"""A real primary with replicas: PostgreSQL's streaming replication, and what can happen to it.

Everything is stopped and removed at the end, also after Ctrl-C and if this process is killed.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy.engine import make_url

from tests import postgresql
from tests.databases import Server, ServerFolder, started

if TYPE_CHECKING:
    import subprocess

_SECONDS = 120

# A replica that has lost its primary tries again after this time, instead of five seconds.
_RETRY = "wal_retrieve_retry_interval = '100ms'"

# The checkpoint of the next replica's base backup would remove what one that has just started, and
# has not connected yet, needs.
_KEPT = "wal_keep_size = '1GB'"


class Node(Server):
    """One server of a cluster: the primary or a replica."""

    def __init__(self, data: Path) -> None:
        super().__init__(f"postgresql+psycopg://postgres@/postgres?host={data}")
        self.data = data
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it can be read."""
        self._process = postgresql.start(self.data)

    def wait(self) -> None:
        """Wait for the end of the server, after it was stopped."""
        if self._process:
            self._process.wait()

    def kill(self) -> None:
        """Kill all processes of the server (SIGKILL); ``start`` starts it again."""
        while pids := self._pids():
            postgresql.send(signal.SIGKILL, pids)
            if self._process:
                self._process.wait()
            time.sleep(0.01)

    def freeze(self) -> None:
        """Stop all processes of the server (SIGSTOP): it accepts connections and never answers."""
        frozen: list[int] = []
        # The first process is stopped first, so that it starts no other one.
        while len(pids := self._pids()) > len(frozen):
            frozen = pids
            postgresql.send(signal.SIGSTOP, frozen)
            time.sleep(0.01)

    def thaw(self) -> None:
        """Let a frozen server continue."""
        postgresql.send(signal.SIGCONT, self._pids())

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Freeze the server for a block."""
        self.freeze()
        try:
            yield
        finally:
            self.thaw()

    def promote(self) -> None:
        """Make a primary of this replica, on a new timeline; return when it can be written."""
        self.run("SELECT pg_promote()")  # which waits

    def cut(self) -> None:
        """Let this replica receive nothing any more: what the primary commits is not in it."""
        self._connect_to("")
        _wait_until(lambda: not self.value("SELECT count(*) FROM pg_stat_wal_receiver"))

    def follow(self, primary: "Node") -> None:
        """Let this replica receive what a server commits."""
        self._connect_to(f"host={primary.data} user=postgres")

    def _connect_to(self, conninfo: str) -> None:
        self.run(f"ALTER SYSTEM SET primary_conninfo = '{conninfo}'", "SELECT pg_reload_conf()")

    def pause(self) -> None:
        """Let this replica show nothing new, although it receives it, until ``resume``."""
        self.run("SELECT pg_wal_replay_pause()")
        _wait_until(lambda: self.value("SELECT pg_get_wal_replay_pause_state()") == "paused")

    def resume(self) -> None:
        """Let a paused replica show what it has received meanwhile."""
        self.run("SELECT pg_wal_replay_resume()")

    def catch_up(self, primary: "Node") -> None:
        """Wait until this replica shows everything that a server has committed."""
        primary.run("SELECT pg_current_xact_id()")  # a commit, after which nothing is unwritten
        position = primary.value("SELECT pg_current_wal_flush_lsn()")
        reached = f"SELECT pg_last_wal_replay_lsn() >= '{position}'"
        _wait_until(lambda: self.value(reached) is True)

    def value(self, query: str) -> object:
        """Return the value of a query that has one row and one column."""
        plain = make_url(self.address).set(drivername="postgresql")
        with psycopg.connect(
            plain.render_as_string(hide_password=False), autocommit=True
        ) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]

    def _pids(self) -> list[int]:
        """Return the ids of all processes of the server, the first one first."""
        pids = postgresql.processes(self.data)
        try:
            first = int((self.data / "postmaster.pid").read_text().split()[0])
        except OSError:  # it has just been stopped
            return pids
        return sorted(pids, key=lambda pid: pid != first)


class Cluster:
    """A primary and its replicas."""

    def __init__(self, folder: Path, replicas: int) -> None:
        started(folder)
        self.primary = Node(folder / "data")
        self.replicas = []
        # A commit is on the primary's disk before a command ends, as outside of tests.
        self.primary.run(
            "ALTER SYSTEM SET synchronous_commit = on",
            f"ALTER SYSTEM SET {_RETRY}",
            f"ALTER SYSTEM SET {_KEPT}",
            "SELECT pg_reload_conf()",
        )
        for number in range(1, replicas + 1):
            data = postgresql.new_data_folder(folder, f"replica-{number}")
            source = f"host={self.primary.data} user=postgres"
            postgresql.run(
                folder, "pg_basebackup", "-D", data, "-d", source, "-R", "-c", "fast", "--no-sync"
            )
            (data / ".s.PGSQL.5432.lock").unlink()  # the primary's, which is copied as well
            replica = Node(data)
            replica.start()
            self.replicas.append(replica)

    def catch_up(self) -> None:
        """Wait until the replicas show everything that the primary has committed."""
        for replica in self.replicas:
            replica.catch_up(self.primary)


@contextmanager
def replication(replicas: int = 2) -> Iterator[Cluster]:
    """Start a primary with replicas; at the end they are stopped and nothing of them is left."""
    folder = ServerFolder()
    made = []
    try:
        made.append(Cluster(folder.path, replicas))
        yield made[0]
    finally:
        folder.close()
        for cluster in made:
            for node in (cluster.primary, *cluster.replicas):
                node.wait()


def address_of(database: str, *nodes: Node) -> str:
    """Return one address of a database on several servers, given its address on one of them."""
    hosts = ",".join(str(node.data) for node in nodes)
    url = make_url(database).update_query_dict({"host": hosts})
    return url.render_as_string(hide_password=False)


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition was false for two minutes"
        time.sleep(0.02)
