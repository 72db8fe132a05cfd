"""The WACZ that ``feeds freeze --wacz`` writes, with the programs of web archives."""

import contextlib
import fcntl
import gzip
import hashlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from feeds.freeze.cdxj import Index, key
from feeds.freeze.warc import Record
from feeds.urls import parse_old_address
from tests.freeze.past import portal_with_a_past
from tests.portal import Portal, Ran, command, one_core, page

PROGRAMS = Path(__file__).parents[1] / "validators" / ".venv" / "bin"
BASE = "https://feeds.example.org"
pytestmark = pytest.mark.engines("sqlite", reason="files do not show the engine")


def deposit(portal: Portal, *more: str | Path) -> Ran:
    with one_core():
        return portal.feeds("freeze", "--wacz", portal.folder / "archive.wacz", *more)


def leftovers(portal: Portal) -> list[str]:
    return [path.name for path in portal.folder.iterdir() if path.name.endswith(".unfinished")]


def run(program: str, *arguments: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [PROGRAMS / program, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class _Unfollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object, **_options: object) -> None:
        return None


@contextmanager
def replayed(wacz: Path, folder: Path) -> Iterator[str]:
    """Serve a deposit with the real pywb; yield the URL of its collection."""
    folder.mkdir()
    run("wb-manager", "init", "frozen", cwd=folder)
    run("wb-manager", "add", "--unpack-wacz", "frozen", wacz, cwd=folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "log").open("w") as log:
        program = (PROGRAMS / "wayback", "-b", "127.0.0.1", "-p", str(port))
        process = subprocess.Popen(program, cwd=folder, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/frozen"
    finally:
        process.terminate()
        process.wait(60)


def fetched(url: str) -> tuple[int, str, bytes]:
    """Return the status, the target of a redirect and the body."""
    try:
        with urllib.request.build_opener(_Unfollowed).open(url, timeout=60) as response:
            return response.status, "", response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Location", ""), error.read()


def unpacked(wacz: Path) -> Path:
    """Unpack a deposit beside it, once other programs have found no fault with it."""
    assert "the passed WACZ is valid" in run("wacz", "validate", "-f", wacz)
    folder = wacz.with_suffix("")
    with zipfile.ZipFile(wacz) as archive:
        archive.extractall(folder)
        stored = {one.filename for one in archive.infolist() if one.compress_type == 0}
    assert stored == {"archive/data.warc.gz", "indexes/index.cdx.gz"}
    warc = folder / "archive" / "data.warc.gz"
    run("warcio", "check", warc)
    index = gzip.decompress((folder / "indexes" / "index.cdx.gz").read_bytes()).decode()
    assert index == run("cdxj-indexer", "--sort", warc)
    return folder


def check_records(warc: Path, client: FlaskClient) -> dict[str, int]:
    """Compare all records with the service; return the status of each path."""
    seen: dict[str, int] = {}
    with warc.open("rb") as stream:
        for record in ArchiveIterator(stream):
            if record.rec_type == "warcinfo":
                continue
            path = record.rec_headers.get_header("WARC-Target-URI").removeprefix(BASE)
            assert path not in seen
            seen[path] = int(record.http_headers.get_statuscode())
            live = client.get(path)
            assert seen[path] == live.status_code, path
            if path not in {"/", "/categories/list/1"}:  # the chooser needs a server
                assert sorted(record.http_headers.headers) == sorted(live.headers), path
                assert record.content_stream().read() == live.data, path
    return seen


@pytest.mark.slow
def test_a_deposit_is_valid_and_replays_what_the_service_answers(portal: Portal) -> None:
    portal_with_a_past(portal, releases=60)
    releases = dict(portal.sql("SELECT path, title FROM release WHERE withdrawn IS NULL"))
    withdrawn = [row[0] for row in portal.sql("SELECT path FROM release WHERE withdrawn > 0")]
    instant = datetime.fromtimestamp(portal.sql("SELECT instant FROM head")[0][0], UTC)
    asked = portal.write("combined.txt", "/categories/tema-3+tema-1.atom\n")
    frozen, wacz = portal.folder / "frozen", portal.folder / "archive.wacz"
    ran = deposit(portal, frozen, "--combined", asked)
    assert ran.code == 0, ran.err
    digest = hashlib.sha256(wacz.read_bytes()).hexdigest()
    assert f"SHA-256 of {wacz}: {digest}\n" in ran.out
    assert f"SHA-256 of {frozen}/current/manifest.sha256: " in ran.out
    assert leftovers(portal) == []
    folder = unpacked(wacz)

    # Each record is the answer of the service at the instant of the last change.
    client = portal.client(lambda: instant)
    seen = check_records(folder / "archive" / "data.warc.gz", client)
    assert seen["/categories/tema-3+tema-1.atom"] == 301
    assert {seen[f"/releases/{path}"] for path in releases} == {200}
    assert [seen[f"/releases/{path}"] for path in withdrawn] == [410, 410]

    header, *lines = (folder / "pages" / "pages.jsonl").read_text().splitlines()
    assert json.loads(header)["format"] == "json-pages-1.0"
    pages = {line["url"]: line for line in map(json.loads, lines)}
    moment = f"{instant:%Y-%m-%dT%H:%M:%SZ}"
    assert {line["ts"] for line in pages.values()} == {moment}
    for path, title in releases.items():
        assert pages[f"{BASE}/releases/{path}"]["title"] == f"{title} – PRCentrs.Lv"
    package = json.loads((folder / "datapackage.json").read_text())
    assert (package["created"], package["mainPageUrl"]) == (moment, f"{BASE}/")

    with replayed(wacz, portal.folder / "pywb") as collection:
        at = f"{collection}/{instant:%Y%m%d%H%M%S}id_/{BASE}"
        index = (frozen / "current" / "site" / "index.html").read_bytes()
        assert fetched(f"{at}/") == (200, "", index)
        for path in (f"/releases/{next(iter(releases))}", "/releases.atom", "/feeds.opml"):
            assert fetched(f"{at}{path}") == (200, "", client.get(path).data), path
        for path in ("/vecs/", "/rss.php?cat=12", "/categories/tema-3.rss"):
            status, target, _ = fetched(f"{at}{path}")
            assert (status, target) == (301, client.get(path).headers["Location"]), path
        assert fetched(f"{at}/releases/{withdrawn[0]}")[0] == 410
        query = f"{collection}/cdx?url={BASE}/releases/&matchType=prefix&output=json"
        listed = {json.loads(line)["url"] for line in fetched(query)[2].splitlines()}
        assert {f"{BASE}/releases/{path}" for path in releases} <= listed

    # The file is the same without a folder, later, from an export, and by a single process.
    export, copy = portal.folder / "export.jsonl", portal.folder / "copy.db"
    assert portal.feeds("export", export).code == 0
    portal.environ["FEEDS_DATABASE_URL"] = f"sqlite:///{copy}"
    assert portal.feeds("migrate").code == 0
    assert portal.feeds("import", export).code == 0
    alone = portal.folder / "alone.wacz"
    core = {min(os.sched_getaffinity(0))}
    later = command(
        portal,
        *("freeze", "--combined", asked, "--wacz", alone),
        preexec_fn=lambda: os.sched_setaffinity(0, core),
        stdout=subprocess.PIPE,
    )
    out, err = later.communicate(timeout=120)
    assert later.returncode == 0, err
    assert digest in out
    assert "manifest" not in out
    assert alone.read_bytes() == wacz.read_bytes()


@pytest.mark.slow
def test_a_killed_run_leaves_the_earlier_file_and_the_next_one_tidies_up(portal: Portal) -> None:
    portal.imported(*(page(f"Relīze {n}", published="2010-05-04 12:00:00") for n in range(30)))
    wacz = portal.folder / "archive.wacz"
    wacz.write_bytes(b"earlier")
    running = command(portal, "freeze", "--wacz", wacz)
    work = portal.folder / ".archive.wacz.unfinished"
    while not (work / "deposit.zip").exists():
        assert running.poll() is None
        time.sleep(0.001)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert wacz.read_bytes() == b"earlier"
    assert leftovers(portal) == [work.name]
    (work / "1-0.warc.gz").write_bytes(b"of a process that was killed")
    ran = deposit(portal)
    assert ran.code == 0, ran.err
    assert zipfile.ZipFile(wacz).testzip() is None
    assert leftovers(portal) == []


@pytest.mark.slow
def test_a_disk_without_space_refuses_the_run(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Text that compression does not make much smaller.
    text = " ".join(hashlib.sha256(f"{n}".encode()).hexdigest() for n in range(6000))
    portal.imported(page(body=text))
    wacz = portal.folder / "archive.wacz"
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))
    try:
        ran = deposit(portal)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    expected = f"feeds: {wacz} cannot be written: File too large. Nothing was changed.\n"
    assert (ran.code, ran.err) == (1, expected)
    assert leftovers(portal) == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2000))
    ran = deposit(portal)
    assert (ran.code, f"The disk of {portal.folder} is too small" in ran.err) == (1, True)
    assert leftovers(portal) == []
    assert not wacz.exists()


def test_arguments_that_name_no_place_for_a_deposit_are_refused(portal: Portal) -> None:
    frozen = portal.folder / "frozen"
    for arguments, reason in (
        ((), "Name a FOLDER, a file with --wacz, or both."),
        (("--wacz", "archive.zip"), "The name of a web archive ends in .wacz"),
        ((frozen, "--wacz", frozen / "archive.wacz"), "whose files are replaced"),
    ):
        ran = portal.feeds("freeze", *arguments)
        assert (ran.code, reason in ran.err) == (2, True), ran.err
    missing = portal.folder / "nav" / "archive.wacz"
    ran = portal.feeds("freeze", "--wacz", missing)
    expected = f"feeds: {missing} cannot be written: No such file or directory.\n"
    assert (ran.code, ran.err) == (2, expected)
    work = portal.folder / ".archive.wacz.unfinished"
    work.mkdir()
    with (work / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = deposit(portal)
    assert (ran.code, "Another command is writing" in ran.err) == (1, True)


@pytest.mark.slow
def test_an_index_of_more_lines_than_fit_into_memory_is_sorted_and_whole(tmp_path: Path) -> None:
    index = Index(tmp_path, "20240301100000")
    urls = [f"{BASE}/releases/{number * 7919 % 60_000}" for number in range(60_000)]
    for number, url in enumerate(urls):
        index.add(Record(url, "text/html", 200, "sha1:A", 10, 5, ""), number)
    lines: list[str] = []
    for first, block in index.blocks():
        text = gzip.decompress(block).decode().splitlines()
        assert text[0].startswith(f"{first} {{")
        lines += text
    assert lines == sorted(lines)
    found = [json.loads(line.split(" ", 2)[2]) for line in lines]
    assert {one["url"] for one in found} == set(urls)
    assert {urls[int(one["offset"]) - 10] == one["url"] for one in found} == {True}


@pytest.mark.slow
def test_urls_have_the_keys_by_which_other_programs_look_them_up() -> None:
    program = "import sys, surt\nfor url in sys.stdin: print(surt.surt(url), flush=True)"
    with subprocess.Popen(
        [PROGRAMS / "python", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin and process.stdout  # noqa: PT018 - both were asked for
        source, result = process.stdin, process.stdout

        @given(
            st.sampled_from(
                [BASE, "http://WWW2.Example.org:8080/a~b", "https://127.0.0.1", "http://a.b:443"]
            ),
            st.text(st.sampled_from("/aB0-_ā?&=%2f41+:;,'\"~!()*@[]|"), max_size=20),
        )
        def check(base: str, text: str) -> None:
            address = parse_old_address(f"/{text}")
            assert address is not None
            source.write(f"{base}{address}\n")
            source.flush()
            assert key(base + address) == result.readline().rstrip("\n"), address

        check()
        source.close()
