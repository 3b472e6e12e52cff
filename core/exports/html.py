"""A report as one HTML page: no scripts, nothing from elsewhere, light or dark as the reader has it."""

from collections.abc import Iterable, Sequence
from html import escape

from initscope.core.exports.report import FINDING_HEADINGS, HEADINGS, REPRODUCED, Report
from initscope.core.exports.svg import clean, draw

STYLE = """\
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;background:#fff;color:#1a1a1a}
table{border-collapse:collapse;font-size:.9rem;display:block;overflow-x:auto}
th,td{border:1px solid #c8c8c8;padding:.3rem .6rem;text-align:left;vertical-align:top}
pre{background:#f3f3f3;padding:.8rem;overflow-x:auto}
svg{max-width:100%;height:auto}
@media(prefers-color-scheme:dark){body{background:#161616;color:#e6e6e6}th,td{border-color:#555}pre{background:#262626}}"""


def html(report: Report) -> str:
    """HTML 5 that is well-formed XML as well."""
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
        f"<title>{text(report.title)}</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>",
        f"<h1>{text(report.title)}</h1>",
        "<ul>",
        *(f"<li>{text(name)}: {text(words)}</li>" for name, words in report.facts),
        "</ul>",
        "<h2>Lanes</h2>",
        table(HEADINGS, report.lanes),
    ]
    if report.judgements:
        parts.append("<h2>Findings</h2>")
    for one in report.judgements:
        parts += [f"<h3>{text(one.lane)}</h3>", f"<p>{text(one.words)}</p>"]
        if one.findings:
            parts.append(table(FINDING_HEADINGS, one.findings))
    if report.proof:
        parts += [f"<h2>Proof: {text(report.proved)}</h2>", *(f"<p>{text(words)}</p>" for words in report.proof)]
    parts += ["<h2>Charts</h2>", *(f"<figure>\n{draw(chart)}\n</figure>" for chart in report.charts)]
    parts += ["<h2>Again</h2>", f"<p>{REPRODUCED}</p>", f"<pre>{text(report.command)}</pre>"]
    parts += ["<p>or, as a file,</p>", f"<pre>{text(report.toml)}</pre>", "</body>\n</html>"]
    return "\n".join(parts) + "\n"


def text(words: str) -> str:
    """Escaped, for between tags and for attributes."""
    return escape(clean(words))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{text(cell)}</th>" for cell in headings)
    body = ("".join(f"<td>{text(cell)}</td>" for cell in row) for row in rows)
    return "\n".join(["<table>", f"<tr>{head}</tr>", *(f"<tr>{row}</tr>" for row in body), "</table>"])
