"""What the documents must explain, and the demo that they promise."""

import re
from collections import Counter
from dataclasses import fields
from pathlib import Path

import click
import pytest

from demo.portal import pages
from feeds.cli.main import commands
from feeds.ingest.sources import vortal_page
from feeds.settings import Settings, zone

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
    text = (ROOT / document).read_text(encoding="utf-8")
    assert set(re.findall(r"FEEDS_[A-Z_]+[A-Z]", text)) <= known


def described(group: click.Group, before: str = "") -> dict[str, click.Command]:
    """Return every command of a group, those of its own groups too, by its whole name."""
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
            assert not option.startswith("--") or option in COMMANDS_PAGE


def test_every_page_of_the_demo_is_a_release() -> None:
    read = [vortal_page.read(text.encode(), zone("Europe/Riga")) for _, text in pages()]
    counts = Counter(record.labels[0] for record in read)
    assert len(read) >= 300
    assert len(counts) >= 6
    assert max(counts.values()) > 120
    assert len({record.published.year for record in read}) > 5
    assert len({record.published for record in read}) == len(read)
    assert all(record.banner for record in read)
