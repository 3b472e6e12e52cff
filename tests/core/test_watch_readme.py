"""The example of `watch` in README runs as it stands there, and says what README says."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

README = Path(__file__).parents[2] / "README.md"


def test_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    text = README.read_text(encoding="utf-8")
    found = re.search(r"<!-- watch -->\n```python\n(.*?)```\n<!-- end -->\n(.*?)(?=\n## |\Z)", text, re.DOTALL)
    assert found, "README has no part watch"
    code, about = found.groups()
    np.random.seed(0)  # noqa: NPY002 (people's programs do)
    names: dict[str, Any] = {}
    exec(compile(code, str(README), "exec"), names)
    shown = capsys.readouterr().out
    (line,) = re.findall(r"`(started from [^`]*)`", about.replace("\n", " "))
    assert line in shown
    assert "layer 1: S saturated high" in shown
    assert "shifted-preactivations (initialization" in shown
    assert "in layer 1: W = rng." in shown
    assert names["w"].steps == 300
    assert not names["w"].notes()
