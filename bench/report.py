"""The results as Markdown, written between two markers of a document."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.measure import Bench, Result, number
from bench.polls import FEW
from bench.readers import PATIENCE

BEGIN: Final = "<!-- bench:begin -->"
END: Final = "<!-- bench:end -->"

_METHOD: Final = """\
`python -m bench`, {rounds} rounds, on two cores: the servers run on one; wrk (one thread, eight
persistent connections, {seconds} s a run) and everything that is measured in process run on the
other. In each round ours and its rivals take turns, in alternating order, and give one figure: ours
as a multiple of the rival's. The values next to the names of the two are the medians of their own
measurements. The 95 % interval is that of the median of the figures, from the sign test.

Each application is served by one gunicorn worker with four threads and the service's own gunicorn
settings. Neither the applications nor nginx write an access log. Releases have 4 KB of text. Polls
are measured on a store of {few:,} releases, where a rival's query is cheapest.

An import is `feeds import` of JSON Lines into a new SQLite store, from the start of the command to
its end. Its rival has the finished rows and inserts them with `json.loads` and `executemany` into
the same tables and indexes, in one transaction. Single releases are imported in process.
`feeds freeze` uses both cores.

Documents and rows that a suspension changes are measured on SQLite and on PostgreSQL, which runs on
this machine, on both cores, and does not wait for the disk. In the rows `storm` and `large_storm`
the service has two workers, which also use both cores. Its readers poll all documents in turn, with
the entity tags that came last, at a tenth of the rate at which it answered hot polls just before.
They do not wait for one another: the time of a poll counts from the instant at which it is due. A
poll has failed if it has no answer within {patience} seconds or is answered neither 200 nor
304."""


class UnmarkedError(Exception):
    """The document lacks the markers; the message names them."""


def page_with(document: Path, text: str) -> str:
    """Return the document with this text between its markers."""
    lines = document.read_text(encoding="utf-8").splitlines()
    try:
        begin = lines.index(BEGIN)
        end = lines.index(END, begin)
    except ValueError:
        raise UnmarkedError(
            f"{document} has no lines {BEGIN} and {END}, between which the results are written."
        ) from None
    return "\n".join([*lines[: begin + 1], text.strip("\n"), *lines[end:]]) + "\n"


def markdown(
    bench: Bench, results: Sequence[Result], skipped: Mapping[str, str], chart: str
) -> str:
    """Describe the method and write all results."""
    parts = [_method(bench), f"![Figures, 95 % intervals and targets of the rows]({chart})"]
    parts.append(table(results))
    if skipped:
        parts.append(
            "\n".join(f"- `{row}` was not measured. {why}" for row, why in skipped.items())
        )
    return "\n\n".join(parts)


def _method(bench: Bench) -> str:
    return _METHOD.format(rounds=bench.rounds, seconds=bench.seconds, few=FEW, patience=PATIENCE)


def table(results: Sequence[Result]) -> str:
    """Write a line for each result."""
    lines = [
        "| row | what | ours | rival | figure | quartiles | 95 % interval | target | reached |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        reached = {True: "yes", False: "**no**", None: ""}[result.reached]
        cells = [
            f"`{result.row}`",
            result.what,
            f"{result.ours.name}: {result.ours}",
            f"{result.rival.name}: {result.rival}",
            f"**{number(result.median)}** {result.unit.strip()}",
            _span(result.quartiles),
            _span(result.interval),
            "" if result.target is None else str(result.target),
            reached,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _span(span: tuple[float, float] | None) -> str:
    return "" if span is None else f"{number(span[0])}–{number(span[1])}"
