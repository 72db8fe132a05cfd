"""The folder that ``feeds freeze`` writes: its files, its generations and what it refuses."""

import errno
import hashlib
import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable
from itertools import count
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.deploy.site import behind_nginx, free_ports
from tests.freeze.hosts import HOSTS, serving
from tests.portal import Portal, Ran, command, one_core, page

NGINX = "nginx-http.conf"
pytestmark = pytest.mark.engines("sqlite", reason="files do not show the engine")


@pytest.fixture
def small(portal: Portal) -> Portal:
    texts = [page(f"Relīze {n}", f"Tēma {n % 3}", f"2010-05-04 12:{n:02}:00") for n in range(55)]
    return portal.imported(*texts)


def freeze(portal: Portal, *more: str | Path) -> Ran:
    with one_core():
        return portal.feeds("freeze", portal.folder / "frozen", *more)


def site(portal: Portal) -> Path:
    return portal.folder / "frozen" / "current" / "site"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def check_manifest(folder: Path) -> set[str]:
    """Compare the files with the manifest; return their names."""
    listed = {}
    for line in (folder / "manifest.sha256").read_text().splitlines():
        digest, _, name = line.partition("  ")
        assert name not in listed
        listed[name] = digest
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files - {"manifest.sha256"} == set(listed)
    for name, digest in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name
    return set(listed)


@pytest.mark.slow
def test_files_have_the_bytes_that_the_service_serves_in_every_coding(small: Portal) -> None:
    ran = freeze(small)
    assert ran.code == 0, ran.err
    client = small.client()
    files = {
        "/releases.atom": "releases.atom",
        "/categories/tema-1.json": "categories/tema-1.json",
        "/categories/tema-1": "categories/tema-1.html",
        "/releases/archive/1.rss": "releases/archive/1.rss",
        "/releases/archive/1": "releases/archive/1.html",
        "/releases/2010": "releases/2010.html",
        "/categories/tema-1/releases/2010/05": "categories/tema-1/releases/2010/05.html",
        "/feeds.opml": "feeds.opml",
        "/favicon.ico": "favicon.ico",
        "/feed.css": "feed.css",
        "/sitemap.xml": "sitemap.xml",
    }
    sitemaps = re.findall(
        r"<loc>https://feeds.example.org/(.*?)</loc>", client.get("/sitemap.xml").text
    )
    assert any(name.startswith("sitemap/releases/") for name in sitemaps)
    files |= {f"/{name}": name for name in sitemaps}
    for path, name in files.items():
        for coding, suffix in (("identity", ""), ("gzip", ".gz"), ("br", ".br")):
            live = client.get(path, headers={"Accept-Encoding": coding})
            file = site(small) / f"{name}{suffix}"
            assert live.status_code == 200
            assert file.read_bytes() == live.data, file
    assert "<form" in client.get("/").text
    assert "<form" not in (site(small) / "index.html").read_text()


@pytest.mark.slow
def test_the_manifest_names_every_file_and_its_digest_is_printed(small: Portal) -> None:
    ran = freeze(small)
    current = small.folder / "frozen" / "current"
    check_manifest(current)
    digest = hashlib.sha256((current / "manifest.sha256").read_bytes()).hexdigest()
    assert f"SHA-256 of {current}/manifest.sha256: {digest}" in ran.out
    subprocess.run(["sha256sum", "--quiet", "-c", "manifest.sha256"], cwd=current, check=True)
    # The same store gives the same files, whatever process wrote which of them.
    again = small.feeds("freeze", small.folder / "elsewhere")
    assert again.code == 0
    listed = (small.folder / "elsewhere" / "current" / "manifest.sha256").read_text()
    without = [
        # The configurations name the folder.
        [line for line in text.splitlines() if not line.endswith((".conf", "  Caddyfile"))]
        for text in (listed, (current / "manifest.sha256").read_text())
    ]
    assert without[0] == without[1]


@pytest.mark.slow
def test_the_days_of_a_month_with_many_releases_are_written(portal: Portal) -> None:
    lines = [
        json.dumps(
            {"title": f"R{n}", "body": "B", "published": f"2010-05-{n % 2 + 1:02}T12:00:00Z"}
        )
        for n in range(501)
    ]
    assert portal.feeds("import", portal.write("many.jsonl", "\n".join(lines))).code == 0
    assert freeze(portal).code == 0
    assert names(site(portal) / "releases" / "2010" / "05") >= {"01.html", "02.html"}
    live = portal.client().get("/releases/2010/05/02")
    assert live.status_code == 200
    assert (site(portal) / "releases/2010/05/02.html").read_bytes() == live.data


@pytest.mark.slow
def test_a_second_run_links_what_has_not_changed_and_removes_the_first(small: Portal) -> None:
    freeze(small)
    before = {
        path.relative_to(site(small)): (path.stat().st_ino, path.read_bytes())
        for path in site(small).rglob("*")
        if path.is_file()
    }
    small.imported(page("Jaunākā", "Tēma 1", "2010-06-01 12:00:00"))
    ran = freeze(small)
    assert ran.code == 0, ran.err
    assert names(small.folder / "frozen") == {"current", "generation-2", ".lock"}
    check_manifest(small.folder / "frozen" / "current")
    same = other = 0
    for name, (inode, content) in before.items():
        file = site(small) / name
        if name.name in {"_headers", "_redirects"}:  # configurations, which are written again
            continue
        if file.read_bytes() == content:
            same += 1
            assert file.stat().st_ino == inode, name
        else:
            other += 1
    assert same > other > 0
    assert "jaunaka" in (site(small) / "releases.atom").read_text()


@pytest.mark.slow
def test_a_web_server_can_read_what_is_written_under_any_umask(small: Portal) -> None:
    folder, wacz = small.folder / "new" / "frozen", small.folder / "archive.wacz"
    for text in ("Jaunākā", "Vēl jaunāka"):  # the second run links files, and replaces others
        running = command(small, "freeze", folder, "--wacz", wacz, umask=0o077)
        err = running.communicate(timeout=120)[1]
        assert running.returncode == 0, err
        written = [folder.parent, folder, wacz, *folder.rglob("*")]
        modes = {path: path.stat().st_mode & 0o777 for path in written}
        wanted = {path: 0o755 if path.is_dir() else 0o644 for path in written}
        assert modes == wanted
        small.imported(page(text, "Tēma 1", "2010-06-01 12:00:00"))


@pytest.mark.slow
def test_a_second_run_restores_a_coding_that_was_deleted(small: Portal) -> None:
    freeze(small)
    file = site(small) / "releases.atom.br"
    before = file.read_bytes()
    file.unlink()
    assert freeze(small).code == 0
    assert file.read_bytes() == before
    check_manifest(small.folder / "frozen" / "current")


@pytest.mark.slow
def test_old_addresses_that_are_one_path_to_a_host_are_one_line(small: Portal) -> None:
    # nginx refuses a map that has a key twice.
    for address in ("/a/b", "/a%2Fb"):
        assert small.feeds("address", "add", address, "/releases.rss").code == 0
    assert freeze(small).code == 0
    configuration = (small.folder / "frozen" / "current" / NGINX).read_text()
    assert configuration.count("/a/b") == 1


@pytest.mark.slow
def test_an_old_address_that_was_added_precedes_the_permalink(small: Portal) -> None:
    release = {
        "title": "Relīze",
        "published": "2010-05-04T10:00:00Z",
        "body_html": "<p>Teksts.</p>",
        "categories": ["Tēma 1"],
        "url": "https://www.prcentrs.example/relizes/41",
    }
    assert small.feeds("import", small.write("all.jsonl", json.dumps(release))).code == 0
    assert small.feeds("address", "add", "/relizes/41", "/releases.rss").code == 0
    assert freeze(small).code == 0
    target = small.client().get("/relizes/41").headers["Location"]
    assert target == "https://feeds.example.org/releases.rss"
    configuration = (small.folder / "frozen" / "current" / NGINX).read_text()
    assert re.findall(r'"/relizes/41"  (\S+);', configuration) == [target]


@pytest.mark.slow
def test_last_modified_is_that_of_the_service(small: Portal) -> None:
    freeze(small)
    (changed,) = small.sql("SELECT changed FROM selection WHERE slug = 'tema-1'")[0]
    (settings,) = small.sql("SELECT settings_changed FROM head")[0]
    assert (site(small) / "categories/tema-1.atom").stat().st_mtime == max(changed, settings)


@pytest.mark.slow
def test_a_combined_feed_is_written_if_a_file_names_it(small: Portal) -> None:
    small.feeds("categories", "rename", "tema-2", "Cita")
    live = small.client().get("/categories/cita+tema-1.atom").data
    file = small.write("combined.txt", "/categories/tema-1+tema-2.atom\n\n")
    assert freeze(small, "--combined", file).code == 0
    assert (site(small) / "categories/cita+tema-1.atom").read_bytes() == live
    configuration = (small.folder / "frozen/current" / NGINX).read_text()
    target = "https://feeds.example.org/categories/cita+tema-1.atom"
    assert f'"/categories/tema-1+tema-2.atom"  {target};' in configuration


@pytest.mark.slow
def test_combined_feeds_may_be_named_on_standard_input(
    small: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("/categories/tema-1+tema-2.atom\n"))
    assert freeze(small, "--combined", "-").code == 0
    assert (site(small) / "categories" / "tema-1+tema-2.atom").exists()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("/categories/nav+tema-1.atom", "there is no category nav"),
        ("/releases.atom", "it is not the address of a combined feed"),
        ("/categories/tema-1+tema-2.xml", "it is not the address of a combined feed"),
        (f"/categories/{'+'.join(['tema-1'] * 50)}.atom", "no file can have so long a name"),
    ],
)
def test_a_wrong_line_of_combined_feeds_is_refused(small: Portal, line: str, reason: str) -> None:
    file = small.write("combined.txt", f"/categories/tema-0+tema-1.rss\n{line}\n")
    ran = freeze(small, "--combined", file)
    assert (ran.code, ran.err) == (1, f"feeds: {file}, line 2: {reason}.\n")
    assert names(small.folder / "frozen") == {".lock"}


def test_a_missing_file_of_combined_feeds_is_named(small: Portal) -> None:
    file = small.folder / "nav.txt"
    ran = freeze(small, "--combined", file)
    assert (ran.code, ran.err) == (2, f"feeds: {file} cannot be read: No such file or directory.\n")


def test_a_file_of_combined_feeds_in_another_encoding_is_named(small: Portal) -> None:
    file = small.write("combined.txt", "/categories/tēma".encode("cp1257"))
    ran = freeze(small, "--combined", file)
    assert (ran.code, ran.err) == (2, f"feeds: {file} cannot be read: it is not in UTF-8.\n")


def test_more_categories_than_a_feed_combines_are_refused(portal: Portal) -> None:
    portal.imported(*(page(f"Relīze {n}", f"Tēma {n}") for n in range(21)))
    slugs = "+".join(f"tema-{n}" for n in range(21))
    file = portal.write("combined.txt", f"/categories/{slugs}.atom")
    ran = freeze(portal, "--combined", file)
    expected = f"feeds: {file}, line 1: a feed combines at most 20 categories.\n"
    assert (ran.code, ran.err) == (1, expected)


def test_a_folder_that_cannot_be_made_is_named(small: Portal) -> None:
    folder = small.write("file", "x") / "frozen"
    ran = small.feeds("freeze", folder)
    assert (ran.code, ran.err) == (2, f"feeds: {folder} cannot be written: Not a directory.\n")


@pytest.mark.slow
def test_an_archive_without_releases_has_no_sitemap_of_releases(portal: Portal) -> None:
    ran = freeze(portal)
    assert ran.code == 0, ran.err
    assert (site(portal) / "sitemap.xml").read_bytes() == portal.client().get("/sitemap.xml").data
    assert (site(portal) / "releases.atom").exists()
    assert not (site(portal) / "sitemap" / "releases").exists()


def test_other_settings_than_those_of_migrate_are_refused(small: Portal) -> None:
    small.environ["FEEDS_TITLE"] = "Cits"
    ran = freeze(small)
    assert ran.code == 1
    assert "since the last `feeds migrate`: run it first" in ran.err
    assert names(small.folder / "frozen") == {".lock"}


def test_a_folder_of_something_else_is_refused(small: Portal) -> None:
    other = small.folder / "frozen" / "important.txt"
    other.parent.mkdir()
    other.write_text("x")
    ran = freeze(small)
    assert ran.code == 1
    assert "holds other files: name a new folder" in ran.err
    assert names(other.parent) == {"important.txt"}


@pytest.mark.slow
def test_a_disk_that_is_too_small_is_refused_before_it_is_full(
    small: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2000))
    ran = freeze(small)
    assert ran.code == 1
    assert re.search(r"is too small: about \d+ MB are still needed and 0 MB are free", ran.err)
    assert names(small.folder / "frozen") == {".lock"}


@pytest.mark.slow
def test_a_disk_that_is_full_refuses_the_run(
    small: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sync() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "sync", sync)
    ran = freeze(small)
    assert (ran.code, "No space left on device. Nothing was changed." in ran.err) == (1, True)
    assert names(small.folder / "frozen") == {".lock"}


@pytest.mark.slow
def test_a_file_that_cannot_be_written_refuses_the_run(small: Portal) -> None:
    small.imported(page("Gara", "Tēma 1", "2010-06-01 12:00:00", body="Garš teksts. " * 70_000))
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, limit[1]))
    try:
        ran = freeze(small)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    folder = small.folder / "frozen"
    expected = f"feeds: {folder} cannot be written: File too large. Nothing was changed.\n"
    assert (ran.code, ran.err) == (1, expected)
    assert names(folder) == {".lock"}


@pytest.mark.slow
def test_a_store_that_changes_at_the_start_is_read_again(
    small: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = SpawnProcess.start
    titles = iter(["Jaunākā"])

    def change_and_start(process: SpawnProcess) -> None:
        for title in titles:
            small.imported(page(title, "Tēma 1", "2010-06-01 12:00:00"))
        start(process)

    monkeypatch.setattr(SpawnProcess, "start", change_and_start)
    ran = freeze(small)
    assert ran.code == 0, ran.err
    check_manifest(small.folder / "frozen" / "current")
    assert "jaunaka" in (site(small) / "releases.atom").read_text()


@pytest.mark.slow
def test_a_store_that_does_not_stop_changing_is_not_frozen(
    small: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = SpawnProcess.start
    numbers = count()

    def change_and_start(process: SpawnProcess) -> None:
        small.imported(page(f"Jaunākā {next(numbers)}", "Tēma 1", "2010-06-01 12:00:00"))
        start(process)

    monkeypatch.setattr(SpawnProcess, "start", change_and_start)
    ran = freeze(small)
    expected = "feeds: The release store is being changed: run the command again.\n"
    assert (ran.code, ran.err) == (2, expected)
    assert names(small.folder / "frozen") == {".lock"}


def children(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(number) for number in text.split()]


def writers(process: int) -> list[int]:
    """Return the processes that write files; another one belongs to Python."""
    return [
        child
        for child in children(process)
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0.4, 1.2])
def test_a_killed_run_leaves_a_whole_generation_and_no_process(
    small: Portal, moment: float
) -> None:
    assert freeze(small).code == 0
    before = (site(small) / "releases.atom").read_bytes()
    small.imported(page("Jaunākā", "Tēma 1", "2010-06-01 12:00:00"))
    running = command(small, "freeze", small.folder / "frozen")
    time.sleep(moment)
    workers = children(running.pid)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    folder = small.folder / "frozen"
    listed = check_manifest(folder / "current")
    assert "site/releases.atom" in listed
    after = (site(small) / "releases.atom").read_bytes()
    assert after in {before, small.client().get("/releases.atom").data}
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline, "a process has outlived the command"
        time.sleep(0.05)
    assert freeze(small).code == 0
    check_manifest(folder / "current")
    assert len(names(folder)) == 3
    assert "jaunaka" in (site(small) / "releases.atom").read_text()


@pytest.mark.slow
def test_a_killed_process_fails_the_run_and_changes_nothing(small: Portal) -> None:
    assert freeze(small).code == 0
    small.feeds("suspend")
    running = command(small, "freeze", small.folder / "frozen")
    while not (workers := writers(running.pid)) and running.poll() is None:
        time.sleep(0.001)
    os.kill(workers[-1], signal.SIGKILL)
    _, err = running.communicate(timeout=120)
    assert (running.returncode, "was killed: run the command again" in err) == (2, True), err
    assert names(small.folder / "frozen") == {"current", "generation-1", ".lock"}


@pytest.mark.slow
def test_two_runs_into_one_folder_do_not_meet(small: Portal) -> None:
    first = command(small, "freeze", small.folder / "frozen")
    while not (small.folder / "frozen" / "generation-1").exists():
        assert first.poll() is None
        time.sleep(0.001)
    ran = freeze(small)
    assert (ran.code, "Another command is writing" in ran.err) == (1, True)
    first.communicate(timeout=120)
    assert first.returncode == 0


@pytest.mark.slow
def test_all_addresses_are_below_the_path_of_the_base_url(another: Callable[..., Portal]) -> None:
    portal = another(FEEDS_BASE_URL="https://example.org/preses/relizes").imported(page())
    assert freeze(portal).code == 0
    prefix = site(portal) / "preses" / "relizes"
    assert {"index.html", "releases.atom", "releases", "style.css"} <= names(prefix)
    assert (
        portal.client().get("/preses/relizes/releases.atom").data
        == (prefix / "releases.atom").read_bytes()
    )
    for host in HOSTS:
        with serving(host, portal.folder / "frozen", portal.folder / host, portal.folder) as ask:
            for path in (
                "/preses/relizes",
                "/preses/relizes/",
                "/preses/relizes/releases.atom",
                "/",
            ):
                live = portal.client().get(path)
                assert ask(path).status == live.status_code, f"{host}: {path}"


@pytest.mark.slow
def test_nginx_serves_a_trial_beside_the_service_without_a_warning(small: Portal) -> None:
    assert freeze(small).code == 0
    frozen = small.folder / "frozen" / "current"
    (port,) = free_ports(1)
    archive = small.folder / "archive.conf"
    archive.write_text(
        f"""
        include {frozen}/nginx-http.conf;
        server {{
            listen 127.0.0.1:{port};
            server_name feeds.example.org;
            include {frozen}/nginx-server.conf;
        }}
        """
    )
    sed = f"s|include |include {archive}; include |"
    with behind_nginx("http://127.0.0.1:9", small.folder, sed=sed):
        url = f"http://127.0.0.1:{port}/releases.atom"
        with urllib.request.urlopen(url) as answer:
            assert answer.read() == (site(small) / "releases.atom").read_bytes()
        assert (small.folder / "nginx" / "nginx.err").read_text() == ""


def test_the_negotiation_is_that_of_the_proxy() -> None:
    """The maps of deploy/nginx.conf are copied, with other names and without the remarks."""
    root = Path(__file__).parents[2]

    def maps(text: str) -> str:
        begin, end = text.index("# The feed's own media type"), text.index('"deflate, gzip, br')
        return text[begin:end]

    original = maps((root / "deploy" / "nginx.conf").read_text())
    copied = maps((root / "feeds" / "freeze" / "hosts" / NGINX).read_text())
    assert copied == original.replace("feeds_", "frozen_").replace("$uri", "$frozen_path")
