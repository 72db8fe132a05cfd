from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from drills.kill import DrillStore, Plan, Stores, drill

if TYPE_CHECKING:
    from tests.databases import Server

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
@pytest.mark.no_cover
def test_an_import_that_was_killed_and_run_again_gives_the_same_store(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server: Server | None = None
    if engine == "postgresql":
        server = request.getfixturevalue("server")
    lines = list(drill(Stores(tmp_path, server), tmp_path, Plan(2, releases=400)))
    assert lines[-1].startswith("2 killed: ")
    assert lines[-1].endswith("; every store equal")


def test_the_drill_finds_differences_between_stores(tmp_path: Path) -> None:
    store = DrillStore(f"sqlite:///{tmp_path / 'feeds.db'}")
    store.run("migrate")
    before = store.content()
    store.run("suspend", "--title", "Pauze", "--text", "Citi vārdi.")
    after = store.content()
    assert {name for name in before if before[name] != after[name]} == {
        "notice",
        "/releases.atom",
        "/releases.rss",
        "/releases.json",
    }
