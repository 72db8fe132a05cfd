from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from drills.kill import Plan, Store, Stores, drill

if TYPE_CHECKING:
    from tests.databases import Server


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_killed_import_that_is_run_again_leaves_what_an_undisturbed_one_does(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server: Server | None = None
    if engine == "postgresql":
        server = request.getfixturevalue("server")
    told = list(drill(Stores(tmp_path, server), tmp_path, Plan(5, releases=600)))
    assert told[-1].startswith("5 killed: ")
    assert told[-1].endswith("; every store equal")


def test_the_drill_sees_what_differs(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'feeds.db'}")
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
