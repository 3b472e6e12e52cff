"""A report as one Markdown file. Charts are SVG in the file itself: addresses of data, listed at its end."""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence

from initscope.core.exports.report import FINDING_HEADINGS, HEADINGS, REPRODUCED, Report
from initscope.core.exports.svg import clean, draw

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def markdown(report: Report) -> str:
    """CommonMark with tables as GitHub has them."""
    parts = [f"# {escaped(report.title)}", "\n".join(f"- {name}: {escaped(words)}" for name, words in report.facts)]
    parts += ["## Lanes", table(HEADINGS, report.lanes)]
    if report.judgements:
        parts.append("## Findings")
    for one in report.judgements:
        parts += [f"### {escaped(one.lane)}", escaped(one.words)]
        if one.findings:
            parts.append(table(FINDING_HEADINGS, one.findings))
    if report.proof:
        parts += [f"## Proof: {escaped(report.proved)}", *map(escaped, report.proof)]
    parts.append("## Charts")
    parts += [f"![{escaped(chart.title)}][chart{n}]" for n, chart in enumerate(report.charts, 1)]
    parts += ["## Again", REPRODUCED, fenced(report.command, "sh"), "or, as a file,", fenced(report.toml, "toml")]
    parts.append("\n".join(f"[chart{n}]: {_address(draw(chart))}" for n, chart in enumerate(report.charts, 1)))
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """`text` on one line, every sign of it as it is."""
    return _SPECIAL.sub(r"\\\1", clean(text).replace("\n", " "))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *([escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def fenced(text: str, language: str) -> str:
    """A block of code, its fence longer than any in it."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _address(svg: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg.encode('utf-8')).decode('ascii')}"
