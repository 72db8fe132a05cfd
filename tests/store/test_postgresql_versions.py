"""The oldest PostgreSQL that is supported, which is Debian's; all other tests run on the newest."""

import re
from pathlib import Path

import pytest

from tests.databases import closed_connections, postgresql
from tests.portal import Portal, page

ROOT = Path(__file__).parents[2]
DEBIAN = Path("/usr/lib/postgresql")


@pytest.mark.slow
def test_debians_postgresql_holds_a_portal(tmp_path: Path) -> None:
    programs = sorted(DEBIAN.glob("*"))
    if not programs:
        pytest.skip("needs Debian's PostgreSQL, which is missing: apt-get install postgresql")
    with closed_connections(), postgresql(programs[0]) as server:
        portal = Portal(tmp_path, server.new_address()).empty()
        (version,) = portal.sql("SHOW server_version")[0]
        oldest, newest = re.findall(
            r"PostgreSQL (\d+) to (\d+)", (ROOT / "docs" / "operating.md").read_text()
        )[0]
        assert oldest == programs[0].name == version.partition(".")[0]
        assert portal.feeds("migrate").out.startswith("Created the store ")
        portal.imported(*(page(f"{n}", f"Kategorija {n % 3}") for n in range(60)))
        client = portal.client()
        before = client.get("/releases.atom")
        copy = tmp_path / "copy"
        assert portal.feeds("backup", copy).code == 0
        assert portal.feeds("suspend").code == 0
        known = {"If-None-Match": before.headers["ETag"]}
        assert b"suspension" in client.get("/releases.atom", headers=known).data
        known["If-None-Match"] = client.get("/releases.atom").headers["ETag"]
        assert client.get("/releases.atom", headers=known).status_code == 304
        assert client.get("/categories/kategorija-1/archive/1.rss").status_code == 404
        assert client.get("/releases/archive/1").status_code == 200
        assert portal.feeds("check").code == 0
        export = tmp_path / "export"
        assert portal.feeds("export", export).code == 0
        assert portal.feeds("backup-restore", copy).code == 0
        assert client.get("/releases.atom").data == before.data
        (tmp_path / "sqlite").mkdir()
        moved = Portal(tmp_path / "sqlite").made()
        assert moved.feeds("import", export).code == 0
        assert b"suspension" in moved.client().get("/releases.atom").data
        assert newest == "18"
