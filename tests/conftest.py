"""Fixtures: a portal for each test, on each engine, and the files that are not in the project."""

import gc
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from tests.databases import Server, ServerFolder, closed_connections, started
from tests.portal import Portal
from tests.replication import Cluster, replication

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection

SERVER_FOLDER = pytest.StashKey[ServerFolder]()
# No example is too slow for a busy machine, and the examples of a test may share its fixtures.
hypothesis.settings.register_profile(
    "feeds",
    max_examples=50,
    deadline=None,
    suppress_health_check=[
        hypothesis.HealthCheck.function_scoped_fixture,
        hypothesis.HealthCheck.too_slow,
    ],
)
# For a night: pytest --hypothesis-profile=thorough
hypothesis.settings.register_profile(
    "thorough", hypothesis.settings.get_profile("feeds"), max_examples=5000
)
hypothesis.settings.load_profile("feeds")

ENGINES = ("sqlite", "postgresql")
SHARED = Path(__file__).parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of these tests."""
    parser.addoption("--write-golden", action="store_true", help="rewrite tests/golden")
    parser.addoption("--engine", choices=ENGINES, help="the one engine on which a test runs")


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of the run's PostgreSQL; a worker of pytest-xdist is given the path."""
    # Most objects that exist now exist until the end.
    gc.freeze()
    gc.set_threshold(50_000)
    if not hasattr(config, "workerinput"):
        folder = config.stash[SERVER_FOLDER] = ServerFolder()
        config.add_cleanup(folder.close)
        os.environ["POSTGRESQL_TEMPLATE"] = str(folder.path / "template")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a worker of pytest-xdist the folder of the run's PostgreSQL."""
    node.workerinput["server_folder"] = str(node.config.stash[SERVER_FOLDER].path)


@event.listens_for(Pool, "connect")
def do_not_wait_for_the_disk(connection: "DBAPIConnection", _record: object) -> None:
    """Let SQLite, like the PostgreSQL of the tests, leave writing to the operating system."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses a store on both engines, unless its mark names the one it needs."""
    if "database" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("engines")
        if mark and not mark.kwargs.get("reason"):
            raise pytest.UsageError(f"{metafunc.definition.nodeid}: engines() needs a reason")
        engines = mark.args if mark else ENGINES
        metafunc.parametrize("database", engines, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests on other engines than the one chosen."""
    engine = config.getoption("--engine")
    if engine:
        items[:] = [
            item
            for item in items
            if not (isinstance(item, pytest.Function) and hasattr(item, "callspec"))
            or item.callspec.params.get("database", engine) == engine
        ]


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Server:
    """Return the PostgreSQL that all workers of this run share."""
    if hasattr(pytestconfig, "workerinput"):
        return started(Path(pytestconfig.workerinput["server_folder"]))
    return started(pytestconfig.stash[SERVER_FOLDER].path)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Yield a primary with two replicas that no other test uses."""
    with replication() as made:
        yield made


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[Callable[[], str | None]]:
    """Yield a maker of addresses of new databases; None: a file in the portal's folder."""
    if request.param == "sqlite":
        yield lambda: None
        return
    running: Server = request.getfixturevalue("server")
    made: list[str] = []
    with closed_connections() as close:

        def make() -> str:
            made.append(running.new_address())
            if len(made) % 10 == 0:  # the number of the server's connections is limited
                close()
            return made[-1]

        yield make
    for address in made:
        running.drop(address)


@pytest.fixture
def portal(tmp_path: Path, database: Callable[[], str | None]) -> Portal:
    """Return a portal with an empty store."""
    return Portal(tmp_path, database()).made()


@pytest.fixture
def another(
    tmp_path_factory: pytest.TempPathFactory, database: Callable[[], str | None]
) -> Callable[..., Portal]:
    """Return a maker of further portals, each with an empty store of its own."""
    return lambda **settings: Portal(
        tmp_path_factory.mktemp("portal"), database(), **settings
    ).made()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Portal]:
    """Return a maker of portals, on SQLite, that several tests read and none changes."""
    return lambda **settings: Portal(tmp_path_factory.mktemp("shared"), **settings).made()


@pytest.fixture
def seed_page() -> Path:
    """Return the real page, which is not part of the project."""
    pages = sorted((SHARED / "seed").glob("*.txt"))
    if not pages:
        pytest.skip("needs ../shared/seed, which is missing")
    return pages[0]


@pytest.fixture
def atom_schema() -> Path:
    """Return RFC 4287's RELAX NG schema, which is not part of the project."""
    schema = SHARED / "atom.rng"
    if not schema.exists():
        pytest.skip("needs ../shared/atom.rng, which is missing")
    return schema
