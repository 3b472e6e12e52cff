"""What the sample view draws: every initializer at every width, the same numbers on narrow screens."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from screens import plain

from initscope.core.initialization.initializers import CATALOGUE, initializer
from initscope.tui import sampleview
from initscope.tui.sampler import Drawn, Wanted, draw
from initscope.tui.samplescreen import text
from initscope.tui.sheet import Style

DENSE, CONVOLUTION = (30, 64), (16, 3, 3, 3)


def wanted(*names: str, shape: tuple[int, ...] = DENSE, n: int = 200) -> Wanted:
    return Wanted(tuple(enumerate(map(initializer, names))), shape, n, 0)


def made(*names: str, **more: Any) -> Drawn:
    found = draw(wanted(*names, **more), lambda: False)
    assert found
    return found


@pytest.mark.parametrize("shape", [DENSE, CONVOLUTION], ids=["dense", "convolution"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_initializer_can_be_seen_at_every_width(name: str, shape: tuple[int, ...]) -> None:
    found = made(name, "0.01*randn", shape=shape)
    assert found.view
    if not initializer(name).needs_convolution:
        assert not [note for note in found.notes if shape == DENSE and note]
    for width in (40, 66, 135):
        for unicode in (True, False):
            shown = [plain(line) for line in text(found, "initscope sample", Style(width, 20, unicode=unicode))]
            assert max(map(len, shown)) <= width
            assert any(line.startswith("initscope sample") for line in shown)
            assert unicode or "".join(shown).isascii()


def test_narrow_screens_have_the_same_numbers() -> None:
    found = made("rand", "randn")
    assert found.view
    shown = [plain(line).split() for line in text(found, "", Style(40, 10))]
    values = np.random.default_rng(0).random(200)
    at = shown.index(["sample", "expected", "error", "z"])
    error = np.sqrt(1 / 12 / 200)
    assert shown[at + 1] == ["1", "rand"]
    z = (values.mean() - 0.5) / error
    assert shown[at + 2] == ["mean", f"{values.mean():.3g}", "0.5", f"{error:.3g}", f"{z:+.1f}"]
    assert ["all", "1,920", "at", "once", "1e-9600"] in shown


def test_what_cannot_be_drawn_says_why() -> None:
    found = made("normal:std=1e300", "randn")
    assert found.view
    assert [one.name for one in found.view.samples] == ["randn"]
    assert found.view.mark(0) == "2"
    shown = "\n".join(plain(line) for line in text(found, "", Style(80, 20)))
    assert shown.startswith("Lane 1: normal:std=1e+300: its variance does not fit into float64")
    assert "2 randn, share" in shown
    nothing = made("normal:std=1e300")
    assert not nothing.view
    assert len(list(text(nothing, "", Style(80, 20)))) == 2
    (note,) = made("randn", shape=(4000, 4000)).notes
    assert note.startswith("This layer has 16,000,000 weights; more than 10,000,000 are not drawn.")


def test_more_than_nine_are_counted() -> None:
    found = made(*(f"{k}*randn" for k in range(1, 12)), n=20)
    assert found.view
    assert len(found.view.samples) == 9
    assert found.notes == ("2 more are not shown: select one of their lanes in the lab.",)


def test_only_what_is_looked_at_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    for name in ("histogram", "curves"):
        real: Callable[..., list[str]] = getattr(sampleview, name)

        def counted(*args: Any, name: str = name, real: Callable[..., list[str]] = real, **more: Any) -> list[str]:
            drawn.append(name)
            return real(*args, **more)

        monkeypatch.setattr(sampleview, name, counted)
    page = text(made("rand", "randn", "zeros", "xavier_normal"), "", Style(80, 22))
    for _ in range(22):
        next(page)
    assert drawn == ["histogram"] * 2
    assert list(page)
    assert drawn == ["histogram"] * 4 + ["curves"] * 2
