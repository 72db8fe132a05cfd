"""``_headers`` and ``_redirects`` as Netlify's own parsers read them."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

VALIDATORS = Path(__file__).parents[1] / "validators"


class Static(NamedTuple):
    """What a static host knows: patterns with their headers, and redirects."""

    headers: list[tuple[re.Pattern[str], dict[str, str]]]
    redirects: dict[str, str]

    def headers_of(self, path: str) -> dict[str, str]:
        """Return the headers of a path; the values of several rules are joined."""
        found: dict[str, str] = {}
        for pattern, values in self.headers:
            if pattern.fullmatch(path):
                for name, value in values.items():
                    key = name.lower()
                    found[key] = f"{found[key]}, {value}" if key in found else value
        return found

    def target(self, path: str) -> str | None:
        """Return where a path redirects to."""
        if path in self.redirects:
            return self.redirects[path]
        for source, target in self.redirects.items():
            if source.endswith("/*") and path.startswith(source[:-1]):
                return target.replace(":splat", path.removeprefix(source[:-1]))
        return None


def parsed(site: Path) -> Static:
    node = Path(sys.executable).with_name("node")
    script = VALIDATORS / "static-host.mjs"
    ran = subprocess.run(
        [node, script, site / "_headers", site / "_redirects"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(ran.stdout)
    assert found["errors"] == []
    assert all(
        (one["status"], one["query"], one["force"]) == (301, {}, False)
        for one in found["redirects"]
    )
    # The limits of Cloudflare Pages.
    assert len(found["headers"]) <= 100
    assert max(map(len, (site / "_headers").read_text().splitlines())) <= 2000
    redirects = {one["from"]: one["to"] for one in found["redirects"]}
    assert len(redirects) == len(found["redirects"])
    headers = [
        (re.compile(one["pattern"], re.IGNORECASE), one["values"]) for one in found["headers"]
    ]
    return Static(headers, redirects)
