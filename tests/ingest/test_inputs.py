"""Archives and folders as inputs of the command."""

import gzip
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feeds.ingest.inputs import Input
from feeds.ingest.items import items
from feeds.ingest.sources import RefusedItem
from tests.ingest.sources.samples import RIGA, atom, entry, media, post, wxr
from tests.portal import Portal, Ran, page

pytestmark = pytest.mark.engines("sqlite", reason="inputs are found before the store is read")


def zipped(*members: tuple[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


def tarred(*members: tuple[str, str | bytes], mode: str = "w:gz") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in members:
            raw = data.encode() if isinstance(data, str) else data
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    return file.getvalue()


def plain_tar(*members: tuple[str, str | bytes]) -> bytes:
    return tarred(*members, mode="w")


ARCHIVES = {"x.zip": zipped, "x.tar.gz": tarred, "x.tgz": tarred, "x.tar": plain_tar}


def counts(ran: Ran) -> str:
    return ran.out.splitlines()[-1]


@pytest.mark.parametrize("name", ARCHIVES)
def test_the_pages_in_an_archive_are_imported_without_unpacking(portal: Portal, name: str) -> None:
    data = ARCHIVES[name](
        ("a/1.txt", page("Viens")),
        *([("a/b/", "")] if name == "x.zip" else []),
        ("a/b/2.TXT", page("Divi")),
        ("a/notes.md", "x"),
        ("a/.hidden.txt", "x"),
        ("a/3.txt", page("Trīs").encode().ljust(10240)),
        ("a/bad.txt", ""),
    )
    path = portal.write(name, data)
    before = sorted(portal.folder.rglob("*.txt"))
    ran = portal.feeds("import", path)
    assert counts(ran) == "3 added, 0 changed, 0 unchanged, 0 skipped, 1 refused."
    assert f"{path}: a/bad.txt: refused: the file is empty." in ran.err
    assert sorted(portal.folder.rglob("*.txt")) == before
    ran = portal.feeds("import", portal.folder / "pages")
    assert counts(ran) == "0 added, 0 changed, 3 unchanged, 0 skipped, 1 refused."


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_export_in_an_archive_keeps_its_attachments(portal: Portal, name: str) -> None:
    text = "x" * 200_000
    export = wxr(post(text, "<wp:post_id>9</wp:post_id>"), media(1, "plan.pdf", 9))
    ran = portal.feeds("import", portal.write(name, ARCHIVES[name](("export.xml", export))))
    assert counts(ran) == "1 added, 0 changed, 0 unchanged, 1 skipped, 0 refused."
    (found,) = portal.client().get("/releases.json").get_json()["items"]
    assert found["content_html"] == f"<p>{text}</p>"
    assert [file["url"] for file in found["attachments"]] == ["https://a.example.lv/plan.pdf"]


@pytest.mark.parametrize("make", [zipped, tarred])
def test_members_that_are_outside_the_archive_or_archives_are_refused(
    portal: Portal, make: Callable[..., bytes]
) -> None:
    data = make(
        ("../../up.txt", page("A")),
        ("/etc/root.txt", page("B")),
        ("..\\..\\win.txt", page("E")),
        (".git/x.txt", page("F")),
        ("in.zip", "x"),
        ("a\u202e\n.txt", page("C")),
        ("ok.txt", page("D")),
    )
    ran = portal.feeds("import", portal.write("x.bin", data))
    assert counts(ran) == "2 added, 0 changed, 0 unchanged, 0 skipped, 4 refused."
    assert ran.err.count("refused: its name is outside the archive.") == 3
    assert "in.zip: refused: an archive within an archive is not read: unpack it." in ran.err
    assert not (portal.folder / "up.txt").exists()


@pytest.mark.parametrize(
    ("name", "code", "sentence"),
    [
        (".\\pages\\2.txt", 0, ""),
        ("..\\..\\2.txt", 1, "its name is outside the archive"),
        (".git/2.txt", 2, "has no file of a known kind"),
    ],
)
def test_names_of_members_may_have_backslashes(
    portal: Portal, name: str, code: int, sentence: str
) -> None:
    ran = portal.feeds("import", portal.write("x.bin", zipped((name, page("A")))))
    assert ran.code == code
    assert sentence in ran.err


def test_links_and_devices_in_a_tar_are_refused(portal: Portal) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, kind in (
            ("link.txt", tarfile.SYMTYPE),
            ("hard.txt", tarfile.LNKTYPE),
            ("pipe.txt", tarfile.FIFOTYPE),
            ("device.txt", tarfile.CHRTYPE),
            ("folder.txt", tarfile.DIRTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    ran = portal.feeds("import", portal.write("x.tgz", file.getvalue()))
    assert ran.err.count("refused: it is not a regular file.") == 4


def test_an_archive_without_inputs_ends_the_command(portal: Portal) -> None:
    for name, make in ARCHIVES.items():
        ran = portal.feeds("import", portal.write(name, make(("a.md", "x"))))
        assert (ran.code, ran.out) == (2, "")
        assert "has no file of a known kind (.xml, " in ran.err


def bomb() -> bytes:
    return b"Public\xc4\x93ts\n" + bytes(80 * 1024 * 1024)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("cut.zip", lambda: zipped(("1.txt", page()))[:-30], "the archive is damaged"),
        ("cut.tgz", lambda: tarred(("1.txt", os.urandom(9000)))[:-3000], "the archive is damaged"),
        ("no.tgz", lambda: gzip.compress(b"x" * 5000), "the archive is damaged"),
        ("bomb.zip", lambda: zipped(("1.jsonl", bomb())), "its content is more than 200 times"),
        ("bomb.tgz", lambda: tarred(("1.jsonl", bomb())), "its content is more than 200 times"),
        ("bomb2.tgz", lambda: tarred(("a.md", bomb()), ("1.txt", "")), "its content is more than"),
        (
            "long.tgz",
            lambda: tarred(("x" * 2_000_000 + ".txt", page())),
            "the archive has a header that is larger than 1 MiB",
        ),
        (
            "lzma.zip",
            lambda: _packed(zipfile.ZIP_LZMA),
            "its compression method is not supported",
        ),
        ("crc.zip", lambda: zipped(("1.txt", page())).replace(b"1.txt", b"2.txt", 1), "damaged"),
        ("wide.zip", lambda: _claiming(20 * 1024 * 1024), "it has too many members for a zip"),
    ],
)
def test_hostile_archives_are_refused_with_a_reason(
    portal: Portal, name: str, data: Callable[[], bytes], reason: str
) -> None:
    ran = portal.feeds("import", portal.write(name, data()))
    assert ran.code == 1
    assert reason in ran.err


def test_a_damaged_member_of_a_zip_does_not_affect_the_others(portal: Portal) -> None:
    data = zipped(*((f"{n}.txt", page(f"R{n}")) for n in range(4)))
    for name in (b"1.txt", b"2.txt"):
        local = data.find(name)
        # Damages the local name of one member and the content of the other.
        at = local if name == b"1.txt" else local + 60
        data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    ran = portal.feeds("import", portal.write("x.zip", data))
    assert counts(ran) == "2 added, 0 changed, 0 unchanged, 0 skipped, 2 refused."
    assert "1.txt: refused: " in ran.err
    assert "2.txt: refused: " in ran.err


def test_a_member_without_a_name_is_ignored(portal: Portal) -> None:
    file = io.BytesIO(zipped(("1.txt", page())))
    nameless = zipfile.ZipInfo("x")
    nameless.filename = ""
    with zipfile.ZipFile(file, "a") as archive, archive.open(nameless, "w") as member:
        member.write(b"x")
    ran = portal.feeds("import", portal.write("x.zip", file.getvalue()))
    assert counts(ran).startswith("1 added")


def test_archive_documents_are_read_after_all_other_files_of_a_folder(portal: Portal) -> None:
    history = 'xmlns:fh="http://purl.org/syndication/history/1.0"'
    old, new = (entry(f"<content>{text}</content>") for text in ("Vecs", "Jauns"))
    past = portal.write("a.atom", atom(old, head="<fh:archive/>", attributes=history))
    later = portal.write("z.atom", atom(new))
    for path, folder in ((past, "a"), (later, "b")):
        (path.parent / folder).mkdir()
        path.rename(path.parent / folder / path.name)
    ran = portal.feeds("import", past.parent)
    assert counts(ran) == "1 added, 0 changed, 0 unchanged, 1 skipped, 0 refused."
    assert "Jauns" in portal.client().get("/releases.json").text


def _packed(kind: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        archive.writestr("1.txt", page())
    return file.getvalue()


def _claiming(directory: int) -> bytes:
    data = zipped(("1.txt", page()))
    at = data.rfind(b"PK\x05\x06")
    return data[: at + 12] + directory.to_bytes(4, "little") + data[at + 16 :]


def test_the_directory_of_a_zip64_file_is_limited(portal: Portal) -> None:
    at = 20 * 1024 * 1024
    wide = b"PK\x06\x06" + bytes(36) + at.to_bytes(8, "little") + bytes(8)
    data = zipped(("1.txt", page()))
    end = data.rfind(b"PK\x05\x06")
    ran = portal.feeds("import", portal.write("x.zip", data[:end] + wide + data[end:]))
    assert "it has too many members for a zip: unpack it" in ran.err


class Broken(io.RawIOBase):
    """A disk with a fault."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: Any) -> int:
        raise OSError(5, "Input/output error")


def test_a_failing_disk_refuses_the_input() -> None:
    broken = Input("x.txt", io.BufferedReader(Broken()))
    assert list(items([broken], None, RIGA)) == [
        ("x.txt", RefusedItem("it cannot be read: Input/output error"))
    ]


def test_an_encrypted_member_is_refused(portal: Portal) -> None:
    data = bytearray(zipped(("1.txt", page()), ("2.txt", page("B"))))
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    ran = portal.feeds("import", portal.write("x.zip", bytes(data)))
    assert "1.txt: refused: it is encrypted." in ran.err
    assert counts(ran).startswith("1 added")


def test_pipes_and_devices_are_refused_and_linked_folders_not_entered(portal: Portal) -> None:
    folder = portal.write("1.txt", page()).parent
    os.mkfifo(folder / "pipe.txt")
    (folder / "again").symlink_to(folder)
    (folder / "null.txt").symlink_to("/dev/zero")
    ran = portal.feeds("import", folder, folder / "pipe.txt", "/dev/zero")
    assert counts(ran) == "1 added, 0 changed, 0 unchanged, 0 skipped, 4 refused."
    assert ran.err.count("it is not a regular file") == 4


def test_an_unrecognised_file_is_refused_if_it_was_named_and_skipped_in_a_folder(
    portal: Portal,
) -> None:
    path = portal.write("sitemap.xml", "<urlset/>")
    report = portal.folder / "report.jsonl"
    assert portal.feeds("import", "--report", report, path.parent).code == 0
    result = json.loads(report.read_text())
    assert result["outcome"] == "skipped"
    assert result["reason"].startswith("no source recognises it: choose one with --source")
    ran = portal.feeds("import", path)
    assert ran.code == 1
    ran = portal.feeds("import", "--source", "vortal-page", path)
    assert "it has no line “Publicēts <date time>”" in ran.err


def test_characters_of_a_name_that_cannot_be_printed_are_escaped(portal: Portal) -> None:
    folder = portal.folder / "odd"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\x1b.txt")).write_text("")
    ran = portal.feeds("import", folder)
    assert "odd/\\udcff\\x1b.txt: refused: the file is empty." in ran.err


def test_a_path_that_cannot_be_examined_ends_the_command(portal: Portal) -> None:
    loop = portal.folder / "loop"
    loop.symlink_to(loop)
    ran = portal.feeds("import", loop)
    assert ran.code == 2
    assert "cannot be examined (Too many levels of symbolic links): nothing was" in ran.err
