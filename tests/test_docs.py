"""What docs/ must explain, the examples in docs/commands.md, and the pages of the demo."""

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from demo.portal import pages
from feeds.cli.main import commands
from feeds.ingest.sources import vortal_page
from feeds.settings import Settings, zone
from tests.portal import Portal, page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SETTINGS = (DOCS / "settings.md").read_text(encoding="utf-8")
COMMANDS_PAGE = (DOCS / "commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("field", [field.name for field in fields(Settings)])
def test_every_setting_is_explained(field: str) -> None:
    assert f"| `FEEDS_{field.upper()}` |" in SETTINGS


@pytest.mark.parametrize("document", ["README.md", "docs/settings.md", "docs/operating.md"])
def test_no_setting_is_named_that_does_not_exist(document: str) -> None:
    known = {f"FEEDS_{field.name.upper()}" for field in fields(Settings)}
    known |= {"FEEDS_DATABASE_URL_FILE", "FEEDS_READ_DATABASE_URL_FILE"}
    known.add("FEEDS_HOST")  # of deploy/compose.yaml
    text = (ROOT / document).read_text(encoding="utf-8")
    assert set(re.findall(r"FEEDS_[A-Z_]+[A-Z]", text)) <= known


def described(group: click.Group, before: str = "") -> dict[str, click.Command]:
    """Return every command of a group and its subgroups by its full name."""
    found = {}
    for name, command in group.commands.items():
        found[before + name] = command
        if isinstance(command, click.Group):
            found |= described(command, f"{before}{name} ")
    return found


COMMANDS = described(commands)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_is_explained(name: str) -> None:
    assert re.search(rf"`feeds {name}[` ]", COMMANDS_PAGE)
    for parameter in COMMANDS[name].params:
        for option in parameter.opts:
            assert (
                not option.startswith("--")
                or f"`{option}" in COMMANDS_PAGE
                or (f"{name} {option}" in COMMANDS_PAGE)
            )


def examples() -> Iterator[tuple[list[str], str]]:
    """Yield each command of the examples, in words, with the output that follows it."""
    for block in re.findall(r"^```console\n(.*?)^```$", COMMANDS_PAGE, re.MULTILINE | re.DOTALL):
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = example.partition("\n")
            yield shlex.split(command), output


def completed(argument: str, printed: str) -> str:
    """Return an argument with the end of the last such id instead of ``…``."""
    start, ellipsis, _ = argument.partition("…")
    return re.findall(rf"{re.escape(start)}[\dTZ:-]+", printed)[-1] if ellipsis else argument


def access_log() -> str:
    """Return a log with requests a day before today, today, and when all caches are renewed."""
    now = datetime.now(UTC)
    requests = (
        (-1, "192.0.2.1", "/releases.atom 304", "Feedly/1.0 (16 subscribers)"),
        (-1, "192.0.2.2", "/releases.atom 200", "newsboat/2.32"),
        (0, "192.0.2.3", "/feed/ 404", "FreshRSS/1.24"),
        (9, "192.0.2.1", "/releases.atom 200", "Feedly/1.0 (18 subscribers)"),
        (9, "192.0.2.3", "/feed/ 404", "FreshRSS/1.24"),
        (9, "192.0.2.4", "/categories/kultura+pasvaldibas.rss 200", "Miniflux/2.1"),
    )
    lines = []
    for days, address, request, agent in requests:
        instant = (now + timedelta(days=days)).isoformat(timespec="seconds")
        path, status = request.split()
        lines.append(f'{address} [{instant}] "GET {path} HTTP/2.0" {status} 1 "{agent}" HIT 0.001')
    return "\n".join(lines)


def test_every_example_prints_what_the_document_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    portal = Portal(tmp_path, "sqlite:///feeds.db")
    portal.write("bridge.txt", page())
    portal.write("festival.txt", page("Sākas dziesmu svētki", "Kultūra", "2010-06-01 09:30:00"))
    portal.write("empty.txt", "")
    (tmp_path / "access.log").write_text(access_log(), encoding="utf-8")
    code, printed = 0, ""
    for words, expected in examples():
        match words:
            case ["feeds", *arguments]:
                ran = portal.feeds(*(completed(argument, printed) for argument in arguments))
                code, output = ran.code, ran.err + ran.out
                printed += output
            case ["export", setting]:
                variable, _, value = setting.partition("=")
                portal.environ[variable] = value
                output = ""
            case ["cat", "old.tsv"]:
                Path("old.tsv").write_text(expected, encoding="utf-8")
                output = expected
            case ["cat", name]:
                output = Path(name).read_text(encoding="utf-8")
            case _:
                assert words == ["echo", "$?"]
                output = f"{code}\n"
        assert re.fullmatch(re.escape(expected).replace("…", ".+"), output), (words, output)


def test_every_page_of_the_demo_is_a_release() -> None:
    read = [vortal_page.read(text.encode(), zone("Europe/Riga")) for _, text in pages()]
    counts = Counter(record.labels[0] for record in read)
    assert len(read) >= 300
    assert len(counts) >= 6
    assert max(counts.values()) > 120
    assert len({record.published.year for record in read}) > 5
    assert len({record.published for record in read}) == len(read)
    assert all(record.banner for record in read)
