"""Fixtures: a portal of its own for each test, on each engine, and what lies outside of here."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.databases import Server, postgresql
from tests.portal import Portal

SHARED = Path(__file__).parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites the golden documents."""
    parser.addoption("--write-golden", action="store_true", help="rewrite tests/golden")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what uses a store on both engines, unless its mark says on which alone."""
    if "database" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("only")
        engines = only.args if only else ("sqlite", "postgresql")
        metafunc.parametrize("database", engines, indirect=True)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Yield the PostgreSQL of this run."""
    with postgresql() as running:
        yield running


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[Callable[[], str | None]]:
    """Yield a maker of addresses of empty databases; None: a file in the portal's folder."""
    if request.param == "sqlite":
        yield lambda: None
        return
    running: Server = request.getfixturevalue("server")
    made: list[str] = []

    def make() -> str:
        # An application that nobody uses any more keeps its connections until it is collected.
        if len(made) % 10 == 0:
            gc.collect()
        made.append(running.database())
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


@pytest.fixture
def seed_page() -> Path:
    """Return the real page, which is no part of the project."""
    pages = sorted((SHARED / "seed").glob("*.txt"))
    if not pages:
        pytest.skip("needs ../shared/seed, which is absent")
    return pages[0]


@pytest.fixture
def atom_schema() -> Path:
    """Return RFC 4287's RELAX NG schema, which is no part of the project."""
    schema = SHARED / "atom.rng"
    if not schema.exists():
        pytest.skip("needs ../shared/atom.rng, which is absent")
    return schema
