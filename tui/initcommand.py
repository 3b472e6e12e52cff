"""`initscope init`: the list of initializers, or the card of one of them for a layer's shape."""

import argparse
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator

from initscope.core.errors import InputError
from initscope.core.initialization.codelines import setup
from initscope.core.initialization.definitions import Definition, Preset
from initscope.core.initialization.initializers import CATALOGUE, Initializer, fans, initializer
from initscope.core.initialization.presets import PRESETS
from initscope.core.plural import plural
from initscope.tui.card import BIAS, code, different_elsewhere, moments, same_elsewhere
from initscope.tui.explain import parameter_lines, plain

DENSE, CONVOLUTION = (30, 784), (16, 3, 3, 3)
"""The shapes of weights, (out, in, *kernel), that a card is for if none is asked for."""
MOST_AXES, MOST_WEIGHTS = 5, 10**12
WIDEST = 100


def init(arguments: argparse.Namespace) -> int:
    """Print what was asked for; returns the exit code. Raises InputError."""
    unicode = not arguments.plain and (sys.stdout.encoding or "ascii").lower().startswith("utf")
    if arguments.name:
        rule = initializer(arguments.name)
        shape = read_shape(arguments.shape) if arguments.shape else CONVOLUTION if rule.needs_convolution else DENSE
        lines = card(rule, shape)
    elif arguments.shape:
        raise InputError(f"--shape {arguments.shape} needs a name: initscope init he_normal --shape {arguments.shape}")
    else:
        lines = listing()
    for line in lines:
        print(plain(line, unicode))
    return 0


def read_shape(text: str) -> tuple[int, ...]:
    """`784,30` -> (30, 784) and `3,16,5,5` -> (16, 3, 5, 5), the shape of the weights. Raises InputError."""
    parts = [part.strip() for part in re.split(r"[,x]", text.strip().strip("()"))]
    sizes = [int(part) for part in parts if re.fullmatch("[0-9]{1,12}", part)]
    total = 1
    for size in sizes:
        total *= size
    if len(sizes) != len(parts) or not 2 <= len(sizes) <= MOST_AXES or not 1 <= total <= MOST_WEIGHTS:
        raise InputError(
            f"--shape {text}: write inputs,outputs such as 784,30, and for a convolution its kernel as well, such as "
            f"3,16,5,5; whole numbers of at least 1, {MOST_WEIGHTS:.0e} weights at most"
        )
    return (sizes[1], sizes[0], *sizes[2:])


def listing() -> list[str]:
    """The catalogue, then the presets, a line each."""
    width = max(map(len, [*CATALOGUE, *PRESETS]))
    lines = ["Initializers, for --init and --bias-init:", ""]
    lines += [f"  {name:{width}}  {entry.formula}" for name, entry in CATALOGUE.items()]
    lines += ["", "Under the names of PyTorch, Keras, JAX and Flax, defaults of layers first:", ""]
    lines += [f"  {name:{width}}  {_stands_for(name)}" for name in PRESETS]
    return [*lines, "", "More about one: initscope init he_normal --shape 784,30"]


def _stands_for(name: str) -> str:
    return f"= {initializer(name).here}"


def card(rule: Initializer, shape: tuple[int, ...]) -> list[str]:
    """What `rule` draws as weights of this shape. Raises InputError for a shape that it cannot fill."""
    numbers = moments(rule, shape)
    fan_in, fan_out = fans(shape)
    layer = f"{plural(shape[1], 'input')}, {plural(shape[0], 'output')}"
    if len(shape) > 2:
        layer += f", kernel {'x'.join(map(str, shape[2:]))} (fan_in {fan_in}, fan_out {fan_out})"
    lines = [f"{rule}: {layer}", ""]
    for label, text in (*_meaning(rule), *numbers, *_names(rule, shape)):
        lines += _row(label, text)
    drawn = shape[:1] if rule.name.endswith(BIAS) else shape
    lines += ["", f"Code that draws it, NumPy and PyTorch in the shape {drawn}:", ""]
    return [*lines, *_code_lines(rule, shape)]


def _meaning(rule: Initializer) -> Iterator[tuple[str, str]]:
    definition: Definition | Preset = rule.definition
    yield "what", definition.words
    yield "formula", definition.formula
    for number, line in enumerate(parameter_lines(definition.parameters)):
        yield "" if number else "parameters", line
    for name, value in rule.values.items():
        if value != rule.numbers[name]:
            yield "", f"{name}={value} is {float(rule.numbers[name]):.6g}"
    if rule.here != rule:
        yield "here", str(rule.here)
    if rule.alone:
        yield "note", rule.alone


def _names(rule: Initializer, shape: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    yield "source", rule.definition.source
    same = same_elsewhere(rule)
    if same:
        yield "the same", ", ".join(same)
    for number, line in enumerate(different_elsewhere(rule, shape)):
        yield "" if number else "different", line


def _row(label: str, text: str) -> list[str]:
    """A labelled line, folded to the terminal's width."""
    width = min(WIDEST, max(40, shutil.get_terminal_size().columns))
    return textwrap.wrap(text, width, initial_indent=f"  {label:10}  ", subsequent_indent=" " * 14)


def _code_lines(rule: Initializer, shape: tuple[int, ...]) -> list[str]:
    """Each library's line, unfolded so that it can be copied, and what comes before them."""
    found = code(rule, shape)
    lines = [f"  {library:10}  {line}" for library, line in found.items()]
    return [*lines, "", "These lines need:", "", *(f"  {statement}" for statement in setup(found.values()))]
