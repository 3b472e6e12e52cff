"""Reports: valid HTML without anything from elsewhere, Markdown that reads back, and all of it escaped."""

import shlex
import xml.etree.ElementTree as ElementTree
from base64 import b64decode
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from exported import DATA, finish, trainer
from markdown_it import MarkdownIt

from initscope.core.comparison import Comparison
from initscope.core.counterfactual.results import Explanation, Outcome, Trial
from initscope.core.diagnosis import lane_verdict
from initscope.core.exports import comparisontoml
from initscope.core.exports.html import html
from initscope.core.exports.markdown import escaped, fenced, markdown
from initscope.core.exports.report import HEADINGS, Report, compose
from initscope.core.learning import Constant

NASTY = "</td><script>alert(1)</script>|*&\"'`"
VOID = {"meta", "br", "hr", "img", "link", "input"}


@cache
def report(proof: bool = True) -> Report:
    lost = "init=randn lr=1e30 activation=relu loss=cross_entropy arch=64-20-20-10"
    lanes = ["init=rand", f"init=randn name={shlex.quote(NASTY)}", lost]
    comparison = Comparison.of({"steps": "60"}, (), lanes)
    snapshot = finish(trainer(lanes, steps="60"))
    verdicts = [lane_verdict(lane, DATA["digits"]) for lane in snapshot.lanes]
    outcome = Outcome(
        seed=0, steps=60, loss_before=0.5, loss_after=0.01, accuracy_before=0.1, accuracy_after=0.9,
        diverged=False, learns=True, on_its_way=False,
    )  # fmt: skip
    explanation = Explanation(
        spec=snapshot.lanes[1].spec, seeds=(0,), steps=60, constant=Constant(0.45, 0.1),
        original=Trial(None, (outcome,)), answers=(), complete=True,
    )  # fmt: skip
    return compose(comparison, snapshot, DATA, verdicts, explanation if proof else None)


class Checker(HTMLParser):
    """Every tag is closed in order, every attribute is quoted text; notes tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_is_well_formed_and_asks_for_nothing_from_elsewhere() -> None:
    text = html(report())
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert checker.open == []
    assert not {"script", "link", "img", "iframe", "object", "use", "image"} & set(checker.tags)
    assert not {"src", "href", "onload", "onclick", "style"} & {name for name, _ in checker.attributes}
    assert not any(word in text for word in ("url(", "@import", "javascript:"))
    assert [value for _, value in checker.attributes if value and "://" in value] == ["http://www.w3.org/2000/svg"] * 6
    assert checker.tags.count("svg") == len(report().charts) == 6
    root = ElementTree.fromstring(text.partition("\n")[2])
    assert root.tag == "html"
    assert any(NASTY in "".join(cell.itertext()) for cell in root.iter("td"))
    assert "color-scheme:light dark" in text
    assert text.count("prefers-color-scheme:dark") == 7


def test_the_page_says_what_the_report_holds() -> None:
    made = report()
    root = ElementTree.fromstring(html(made).partition("\n")[2])
    tables = [[[("".join(c.itertext())) for c in row] for row in table] for table in root.iter("table")]
    assert tables[0] == [list(HEADINGS), *(list(row) for row in made.lanes)]
    pages = ["".join(block.itertext()) for block in root.iter("pre")]
    assert pages == [made.command, made.toml]
    paragraphs = ["".join(paragraph.itertext()) for paragraph in root.iter("p")]
    assert {one.words for one in made.judgements} | set(made.proof) <= set(paragraphs)
    assert "initialization" in made.judgements[0].words
    assert made.proof[0].startswith("It learns")
    assert made.lanes[2][1] == "diverged"
    assert made.lanes[2][4] == "not finite"


def test_command_and_file_reproduce_the_comparison() -> None:
    made = report()
    specs = Comparison.of({"steps": "60"}, (), ["init=rand"]).specs(DATA)
    assert comparisontoml.read(made.toml, Path("x.toml")).specs(DATA)[0] == specs[0]
    assert shlex.split(made.command)[:4] == ["initscope", "run", "--steps", "60"]


def test_markdown_reads_back_with_every_sign_as_it_is() -> None:
    made = report()
    text = markdown(made)
    reader = MarkdownIt("commonmark").enable("table")
    reader.validateLink = lambda link: True  # it would refuse pictures in SVG
    tokens = reader.parse(text)
    inline = [token for token in tokens if token.type == "inline"]
    assert not [token for token in tokens if token.type == "html_block"]
    assert not [child for token in inline for child in token.children if child.type == "html_inline"]

    def plain(token) -> str:
        return "".join(child.content for child in token.children if child.type in ("text", "text_special"))

    cells = [plain(after) for before, after in pairwise(tokens) if before.type == "td_open"]
    assert cells[: 3 * len(HEADINGS)] == [cell for row in made.lanes for cell in row]
    assert [token.content.rstrip("\n") for token in tokens if token.type == "fence"] == [
        made.command, made.toml.rstrip("\n")
    ]  # fmt: skip
    images = [child for token in inline for child in token.children if child.type == "image"]
    assert [image.content for image in images] == [escaped(chart.title) for chart in made.charts]
    for image in images:
        kind, _, data = image.attrs["src"].partition(",")
        assert kind == "data:image/svg+xml;base64"
        assert ElementTree.fromstring(b64decode(data)).tag == "{http://www.w3.org/2000/svg}svg"
    assert {one.words for one in made.judgements} | set(made.proof) <= {plain(token) for token in inline}


def test_a_fence_is_longer_than_any_in_the_text() -> None:
    assert fenced("a\n````\nb", "toml") == "`````toml\na\n````\nb\n`````"


@pytest.mark.parametrize("write", [html, markdown])
def test_without_proof_there_is_no_word_of_it(write) -> None:
    assert "Proof" not in write(report(proof=False))
    assert "Proof" in write(report())
