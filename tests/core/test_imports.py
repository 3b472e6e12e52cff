"""What may import what: the core knows no terminal, and the command line is light until it must not be."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import initscope.core

CORE = Path(next(iter(initscope.core.__path__)))
FILES = {".".join(file.relative_to(CORE).with_suffix("").parts): file for file in sorted(CORE.rglob("*.py"))}
MODULES = [name for name in FILES if not name.endswith("__init__")]
SCREEN = {"textual", "rich", "plotext"}


def loaded_after(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after `code`."""
    program = f"{code}\nimport sys\nprint(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not done.stderr
    return set(done.stdout.split())


def imported(file: Path) -> set[str]:
    """Top-level packages that a file imports anywhere in it; relative ones count as `.`."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." if node.level else (node.module or "").partition(".")[0])
            if node.module and node.module.startswith("initscope.tui"):
                found.add("initscope.tui")
            if node.module == "initscope":
                found |= {f"initscope.{alias.name}" for alias in node.names}
    return found


def test_every_core_module_loads_without_a_screen() -> None:
    assert "training" in MODULES
    loaded = loaded_after("\n".join(f"import initscope.core.{name}" for name in MODULES))
    assert {"initscope", "numpy"} <= loaded
    assert not loaded & SCREEN
    assert not loaded & {"torch", "jax", "sklearn", "scipy", "matplotlib", "pandas", "PIL"}


@pytest.mark.parametrize("name", FILES)
def test_no_core_file_imports_a_screen(name: str) -> None:
    packages = imported(FILES[name])
    assert not packages & (SCREEN | {"initscope.tui"})
    extra = {"PIL"} if name == "datasets.images" else set()
    assert packages <= {"initscope", "numpy", "platformdirs", "threadpoolctl", *extra, *sys.stdlib_module_names}


def test_the_command_line_is_light() -> None:
    loaded = loaded_after("import initscope.tui.cli")
    assert "initscope" in loaded
    assert not loaded & (SCREEN | {"numpy", "threadpoolctl", "platformdirs"})


def test_blas_is_prepared_before_numpy_is_needed() -> None:
    assert "numpy" not in loaded_after("from initscope.core import blas\nblas.prepare()")


def test_no_top_level_package_is_called_core_or_tui(tmp_path: Path) -> None:
    program = "import importlib.util as u\nprint(u.find_spec('core'), u.find_spec('tui'))"
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == ["None", "None"]
