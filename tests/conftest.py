"""Fixtures: a portal of its own for each test, and what lies outside of the project."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.portal import Portal

SHARED = Path(__file__).parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites the golden documents."""
    parser.addoption("--write-golden", action="store_true", help="rewrite tests/golden")


@pytest.fixture
def portal(tmp_path: Path) -> Portal:
    """Return a portal with an empty store."""
    return Portal(tmp_path).made()


@pytest.fixture
def another(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Portal]:
    """Return a maker of further portals, each with an empty store of its own."""
    return lambda **settings: Portal(tmp_path_factory.mktemp("portal"), **settings).made()


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
