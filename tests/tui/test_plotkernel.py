"""How plotext is bound: once, by the first draw, to keep the interpreter's lock, where its private names are there."""

import importlib
import subprocess
import sys
import types

from initscope.tui.charts import Curve, Style, curves
from initscope.tui.plotkernel import keep_lock


def output(program: str) -> list[str]:
    """The words that a program prints in a process of its own."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split()


def test_the_kernel_is_bound_to_keep_the_interpreter_lock():
    # Fails when plotext's private names change: charts still work then, but wait for a training thread.
    # 4 is ctypes' FUNCFLAG_PYTHONAPI, the one thing that tells PyDLL's functions from CDLL's.
    program = """
import plotext
from plotext._kernel import tools
from initscope.tui.plotkernel import keep_lock
plain = tools.clink.signal_append_point
print(keep_lock(tools) > 100)
bound = tools.clink.signal_append_point
print(bound.argtypes == plain.argtypes, bound.restype == plain.restype)
print(bool(bound._flags_ & 4), bool(plain._flags_ & 4))
"""
    assert output(program) == ["True", "True", "True", "True", "False"]


def test_without_the_private_names_nothing_is_bound():
    assert keep_lock(types.ModuleType("tools")) == 0
    tools = types.ModuleType("tools")
    tools.clink, tools.kernel = types.SimpleNamespace(), types.SimpleNamespace(_name="/no/such/library.so")
    assert keep_lock(tools) == 0


def test_plotext_does_not_search_lines_for_their_colours(monkeypatch):
    # Fails when plotext's private name changes: charts are right then, but take longer.
    searched: list[object] = []
    kind = importlib.import_module("plotext._signal.signal").signal_class
    monkeypatch.setattr(kind, "_get_unique_pixels", lambda signal: searched.append(signal) or [])
    line = Curve("", [0, 1], [0, 1])
    curves([line], Style(31, 9))
    assert not searched
    monkeypatch.setattr("initscope.tui.charts.quickened", lambda signal: signal)
    curves([line], Style(32, 9))
    assert searched


def test_plotext_is_imported_and_bound_by_the_first_draw_only():
    program = """
import sys
from initscope.tui.charts import Curve, Style, curves
print('plotext' in sys.modules)
curves([Curve('', [0, 1], [0, 1])], Style(9, 9))
print(bool(sys.modules['plotext._kernel.tools'].clink.signal_append_point._flags_ & 4))
"""
    assert output(program) == ["False", "True"]
