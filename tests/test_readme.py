"""The form of the documents: the README's length, and where links and file names point."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", *(
    str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("docs/**/*.md"))
))  # fmt: skip
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)|\bsrc=\"([^\"]+)\"")
_FILE = re.compile(r"`((?:bench|demo|deploy|docs|drills|feeds|tests)/[\w./-]+)`")


def prose(document: Path) -> str:
    """Return a document without its code blocks."""
    return _FENCED.sub("", document.read_text(encoding="utf-8"))


def anchors(document: Path) -> set[str]:
    """Return the fragment of each heading, as GitHub derives it."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_short() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 150
    assert [line for line in lines if len(line) > 100] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_relative_link_leads_to_a_file_and_a_heading(name: str) -> None:
    document = ROOT / name
    for match in _LINK.finditer(prose(document)):
        target, _, fragment = (match[1] or match[2]).partition("#")
        if ":" in target:
            continue
        file = document.parent / target if target else document
        assert file.exists(), target
        if fragment:
            assert fragment in anchors(file), f"{target}#{fragment}"


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if "decisions" not in name])
def test_every_file_that_is_named_exists(name: str) -> None:
    for file in _FILE.findall(prose(ROOT / name)):
        assert (ROOT / file).exists(), file
