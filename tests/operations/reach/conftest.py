"""Portals that have announced a suspension."""

import pytest

from feeds.operations.suspend import suspend
from tests.access_logs import ANNOUNCED
from tests.portal import START, Portal, page


@pytest.fixture
def suspended(portal: Portal) -> Portal:
    """Return a portal that announced a suspension in the past."""
    portal.imported_at(
        START, page("Tilts", "Kultūra"), page("Upe", "Izglītība"), page("Ezers", "Kultūra")
    )
    suspend(portal.store, portal.settings, ANNOUNCED)
    return portal


@pytest.fixture(scope="session")
def unchanging(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """Return such a portal without releases, for tests with many examples."""
    portal = Portal(tmp_path_factory.mktemp("unchanging")).made()
    suspend(portal.store, portal.settings, ANNOUNCED)
    return portal
