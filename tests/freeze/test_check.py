"""What ``feeds check --frozen`` finds in a folder that was frozen and then damaged."""

import gzip
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest

from tests.portal import Portal, page

BASE = "https://feeds.example.org"
LONG = f"/{'a' * 300}"  # too long for the name of a file
pytestmark = pytest.mark.engines("sqlite", reason="files do not show the engine")


def checked(portal: Portal, *more: str, folder: str = "frozen") -> list[str]:
    """Check a folder; return the faults without their advice."""
    ran = portal.feeds("check", "--frozen", portal.folder / folder, *more)
    assert ran.code == 1, ran.out
    assert ran.err == ""
    lines = ran.out.splitlines()
    assert all(line.endswith((".", ").")) for line in lines)
    return [re.split(r"\. (?:Freeze into|Look for|Correct the)", line)[0] for line in lines]


def rewrite(generation: Path, name: str, change: Callable[[str], str]) -> None:
    """Change a file as if it had been written like that: with its codings and the manifest."""
    file = generation / "site" / name
    before = file.read_text()
    content = change(before).encode()
    assert content != before.encode(), name
    manifest = (generation / "manifest.sha256").read_text()
    codings = {"": content, ".gz": gzip.compress(content), ".br": brotli.compress(content)}
    for suffix, coded in codings.items():
        path = Path(f"{file}{suffix}")
        path.write_bytes(coded)
        digest = hashlib.sha256(coded).hexdigest()
        manifest = re.sub(
            rf"^\w+(?=  site/{re.escape(name + suffix)}$)", digest, manifest, flags=re.MULTILINE
        )
    (generation / "manifest.sha256").write_text(manifest)


def entries(content: str, change: Callable[[list[str]], list[str]]) -> str:
    first, *rest = content.split("<entry>")
    last, end = rest[-1].split("</feed>")
    return "<entry>".join([first, *change([*rest[:-1], last])]) + f"</feed>{end}"


def make_frozen(portal: Portal) -> None:
    """Freeze a suspended portal that redirects, whose releases link to the service."""
    alive = (
        "",
        "/old?a=1",
        "/2009/1/?utm_source=a",
        "/categories/tema.atom",
        "/categories/tema/archive/1",
        "/categories/tema",
        "/feeds.opml#a",
    )
    links = " ".join(f'<a href="{BASE}{path}">x</a>' for path in alive)
    records = [
        {"title": f"Nr. {n}", "published": f"2010-05-04T10:{n:02}:00Z", "body_html": links,
         "categories": ["Tēma" if n else "Cita"], "url": f"https://old.example/2009/{n}"}
        for n in range(52)
    ]  # fmt: skip
    file = portal.write("all.jsonl", "\n".join(map(json.dumps, records)))
    assert portal.feeds("import", file).code == 0
    for arguments in (
        ("categories", "rename", "Tēma", "Temats"),
        ("address", "add", "/old?a=1", "/categories/temats.rss"),
        ("suspend", "--since", "2011-01-01"),
        ("freeze", portal.folder / "frozen"),
        # Links that are redirected are no faults in the store either.
        ("check",),
    ):
        ran = portal.feeds(*arguments)
        assert ran.code == 0, (ran.out, ran.err)


@pytest.mark.slow
def test_a_frozen_folder_is_checked_without_the_store(portal: Portal) -> None:
    make_frozen(portal)
    portal.file.unlink()
    for arguments, looked_at in (
        ((), "files, 15 documents"),
        (("--sample", "2"), "files, 2 documents"),
        (("--sample", "0"), "files"),
    ):
        ran = portal.feeds("check", "--frozen", portal.folder / "frozen", *arguments)
        assert (ran.code, ran.err) == (0, "")
        assert re.fullmatch(rf"No faults: \d+ {looked_at}\.\n", ran.out)

    # ---- Files ----
    current = portal.folder / "frozen" / "current"
    site = current / "site"
    whole = portal.folder / "whole"
    shutil.copytree(portal.folder / "frozen", whole, symlinks=True)
    (site / "index.html").write_text("another")
    (site / "releases.rss.gz").unlink()
    (site / "extra.html").write_text("x")
    with (current / "manifest.sha256").open("a") as manifest:
        manifest.write("no digest\n")
    found = checked(portal)
    last = len((current / "manifest.sha256").read_text().splitlines())
    assert sorted(found) == sorted(
        [
            f"{site}/index.html has another SHA-256 than the manifest says",
            f"{site}/index.html.br decodes to other content than index.html",
            f"{site}/index.html.gz decodes to other content than index.html",
            f"{site}/releases.rss.gz cannot be read: No such file or directory",
            f"{site}/extra.html is not in the manifest",
            f"{current}/manifest.sha256, line {last}, is not a SHA-256 and a name",
        ]
    )
    (current / "Caddyfile").unlink()
    (current / "manifest.sha256").unlink()
    assert checked(portal) == [
        f"{current}/manifest.sha256 cannot be read: No such file or directory"
    ]

    # ---- Documents ----
    (portal.folder / "frozen").rename(portal.folder / "damaged")
    whole.rename(portal.folder / "frozen")
    notice = re.findall(r"<id>([^<]*suspension[^<]*)</id>", (site / "releases.atom").read_text())[0]
    rewrite(current, "releases.json", lambda text: text.replace('"title"', '"tilte"', 1))
    rewrite(current, "categories/temats.atom", lambda text: entries(text, lambda all_: all_[1:]))
    rewrite(current, "categories/cita.atom", lambda text: text.replace("/old?a=1", LONG))
    release = re.findall(r"<id>([^<]*nr-0[^<]*)</id>", (site / "categories/cita.atom").read_text())
    newest = (site / "releases.atom").read_text().split("<entry>")[1]
    archive = "releases/archive/1.atom"
    rewrite(current, archive, lambda text: entries(text, lambda all_: [newest, *all_]))
    rewrite(
        current, "categories/cita.rss", lambda text: text.replace("categories/cita.rss", "other")
    )
    broken = site / "categories/temats.rss.gz"
    broken.write_bytes(broken.read_bytes()[:99])
    digest = hashlib.sha256(broken.read_bytes()).hexdigest()
    manifest_file = current / "manifest.sha256"
    manifest_file.write_text(
        re.sub(r"\w+(?=  site/categories/temats\.rss\.gz\n)", digest, manifest_file.read_text())
    )
    caddy = current / "Caddyfile"
    caddy.write_text(caddy.read_text().replace("/categories/temats.rss\n", "/categories/no.rss\n"))
    found = checked(portal)
    own = f"{BASE}/categories/cita.rss"
    for line in (
        f"{broken} cannot be decoded",
        f"{caddy} has another SHA-256 than the manifest says",
        f"The old address /old?a=1 redirects to {BASE}/categories/no.rss, which leads nowhere",
        "/releases.json: the feed has no title",
        f"/categories/temats.atom: the notice {notice} is not its first entry",
        f"/categories/cita.atom: the link {BASE}{LONG} of {release[0]} leads nowhere",
        f"/releases/archive/1.atom: it has the notice {notice}, which should not be in it",
        f"/categories/cita.rss: it says that its address is '{BASE}/other', not {own}",
    ):
        assert line in found
    # The feed of all releases without the notice that others have.
    rewrite(current, "releases.atom", lambda text: entries(text, lambda all_: all_[1:]))
    assert f"/releases.rss: it has the notice {notice}, which should not be in it" in checked(
        portal
    )


@pytest.mark.slow
@pytest.mark.parametrize("corrected", [True, False])
def test_a_dead_link_of_a_release_is_named_with_what_ends_it(
    portal: Portal, corrected: bool
) -> None:
    record = {"title": "Tilts", "published": "2010-05-04T10:00:00Z", "url": f"{BASE}/2010/1",
              "body_html": '<p><a href="/kontakti">x</a></p>'}  # fmt: skip
    file = portal.write("all.jsonl", json.dumps(record))
    frozen = portal.folder / "frozen"
    assert portal.feeds("import", file).code == 0
    assert portal.feeds("freeze", frozen).code == 0
    (id_,) = re.findall(r"<id>([^<]*/tilts[^<]*)</id>", portal.client().get("/releases.atom").text)
    fault = f"the link {BASE}/kontakti of {id_} leads nowhere"
    advice = (
        "Correct the link in the release and import it again, or redirect the address with "
        "`feeds address add`"
    )
    for options, end in (((), "."), (("--frozen", frozen), ", then freeze again.")):
        ran = portal.feeds("check", *options)
        assert (ran.code, ran.err) == (1, "")
        assert ran.out.splitlines() == [
            f"/releases.{form}: {fault}. {advice}{end}" for form in ("atom", "rss", "json")
        ]
    if corrected:
        portal.write("all.jsonl", json.dumps(record).replace("/kontakti", "https://a.example/"))
        assert "0 added, 1 changed" in portal.feeds("import", file).out
    else:
        assert portal.feeds("address", "add", "/kontakti", "/").code == 0
    assert portal.feeds("freeze", frozen).code == 0
    for options in ((), ("--frozen", frozen)):
        ran = portal.feeds("check", *options)
        assert ran.code == 0, ran.out


def test_a_folder_of_another_kind_or_address_is_named(portal: Portal) -> None:
    empty = portal.folder / "empty"
    empty.mkdir()
    ran = portal.feeds("check", "--frozen", empty)
    assert (ran.code, ran.err) == (1, "")
    assert ran.out == (
        f"{empty}/current/site/releases.atom cannot be read (No such file or directory): name a "
        "folder of `feeds freeze`, and set FEEDS_BASE_URL as it was then.\n"
    )
    assert portal.feeds("check", "--frozen", empty / "missing").code == 2
    assert portal.feeds("check", "--frozen", empty, "--public").code == 2
    site = empty / "current" / "site"
    site.mkdir(parents=True)
    portal.imported(page())
    document = portal.client().get("/releases.atom").data
    (site / "releases.atom").write_bytes(document.replace(BASE.encode(), b"https://a.example"))
    ran = portal.feeds("check", "--frozen", empty)
    assert ran.out == "The folder was frozen for https://a.example: set FEEDS_BASE_URL to it.\n"
