"""Who changed what: the line that each command which changes something leaves in the journal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_progress import Terminal
from tests.ingest.sources.samples import item, post, rss, wxr
from tests.portal import Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="commands tell the same on both engines")


def test_each_command_that_changes_something_tells_the_journal_who_and_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "lita")
    portal = Portal(tmp_path)
    bridge = portal.write("bridge.txt", page("Tilts", "Kultūra"))
    empty = portal.write("empty.txt", "")
    revision = 0

    def run(*arguments: str | Path, changes: bool = True, visibly: bool = True) -> str:
        """Run a command; return what it printed."""
        nonlocal revision
        ran = portal.feeds(*arguments)
        assert "revision" not in ran.err
        if not changes:
            assert ran.journal == ()
            return ran.out
        (entry,) = ran.journal
        words = " ".join(map(str, arguments))
        assert entry["CHANGE_USER"] == "lita"
        assert entry["CHANGE_COMMAND"].replace("'", "") == f"feeds {words}"
        assert entry["MESSAGE"] == (
            f"lita ran `{entry['CHANGE_COMMAND']}`: the store {portal.file} now has revision "
            f"{entry['CHANGE_REVISION']}."
        )
        assert entry["CHANGE_STORE"] == str(portal.file)
        assert (entry["PRIORITY"], entry["SYSLOG_IDENTIFIER"]) == ("5", "feeds")
        assert (int(entry["CHANGE_REVISION"]) > revision) is visibly
        revision = int(entry["CHANGE_REVISION"])
        assert f'"revision": {revision},' in portal.feeds("status", "--json").out
        return ran.out

    run("migrate")
    run("migrate", changes=False)
    run("import", bridge, "--dry-run", changes=False)
    run("import", bridge, empty)  # one is refused, and the other is there
    run("import", bridge, changes=False)
    run("suspend", "--dry-run", changes=False)
    id_ = run("suspend", "--text", "Viss ir beidzies.").split(" with ")[1].split(".\n")[0]
    run("suspend", changes=False)
    run("suspend", "--amend", "--title", "Beigas")
    run("notices", changes=False)
    run("resume")
    run("notices", "retract", id_)
    run("notices", "retract", id_, changes=False)
    for command in ("withdraw", "restore"):
        run(command, "2010/05/04/tilts")
        run(command, "2010/05/04/tilts", changes=False)
    run("categories", "rename", "kultura", "Māksla")
    run("categories", "rename", "kultura", "Māksla", changes=False)
    for redirect in (("add", "/feed/", "/releases.rss"), ("remove", "/feed/")):
        run("address", *redirect, visibly=False)
        run("address", *redirect, changes=False)
    export = tmp_path / "export.jsonl"
    run("export", export, changes=False)
    portal.file.rename(tmp_path / "old.db")
    portal.feeds("migrate")
    revision = 1
    run("import", export)
    portal.environ["FEEDS_TITLE"] = "Cits"
    run("migrate")


def test_an_import_that_only_adds_an_address_is_told(portal: Portal) -> None:
    portal.feeds("import", portal.write("posts.xml", wxr(post())))
    # A poorer record of the same release.
    stated = "<link>https://a.example.lv/tilts</link><guid>https://a.example.lv/?p=1</guid>"
    feed = portal.write("feed.xml", rss(item(stated)))
    (entry,) = portal.feeds("import", feed).journal
    assert entry["CHANGE_COMMAND"] == f"feeds import {feed}"
    assert portal.client().get("/tilts").status_code == 301
    assert portal.feeds("import", feed).journal == ()


def test_a_command_cannot_forge_an_entry(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "lita\nCHANGE_REVISION=1")
    text = "a\nCHANGE_USER=root\n\udcff" + "b" * 5000
    (entry,) = portal.feeds("suspend", "--text", text).journal
    assert entry["CHANGE_USER"] == "lita\\nCHANGE_REVISION=1"
    assert "a\\nCHANGE_USER=root\\n" in entry["CHANGE_COMMAND"]
    assert len(entry["CHANGE_COMMAND"]) < 1100


@pytest.mark.parametrize("text", ["Pirmais.\n\nOtrais.", "a\\b 'c'\t\u00a0\u0085\n", "A\udcff\n"])
def test_a_shell_can_run_the_command_again(portal: Portal, text: str) -> None:
    (entry,) = portal.feeds("suspend", "--text", text).journal
    script = f"feeds() {{ printf '%s\\0' \"$@\"; }}; {entry['CHANGE_COMMAND']}"
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    ran = subprocess.run(["bash", "-c", script], capture_output=True, check=True, env=environ)
    assert ran.stdout == os.fsencode(f"suspend\0--text\0{text}\0")


def test_without_a_journal_the_line_is_printed_unless_a_person_would_read_it(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    err = portal.feeds("suspend", journal=False).err
    assert err.startswith("feeds: ")
    assert f" ran `feeds suspend`: the store {portal.file} now has revision " in err
    assert err.count("\n") == 1
    terminal = Terminal()
    program = Path(sys.executable).with_name("feeds")
    subprocess.run(
        [program, "resume"],
        env=os.environ | portal.environ,
        stdout=subprocess.DEVNULL,
        stderr=terminal.file,
        check=True,
    )
    assert terminal.written() == ""
