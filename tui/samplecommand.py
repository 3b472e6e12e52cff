"""`initscope sample`: draws of initializers beside what is expected of them, as text and charts or as JSON."""

import argparse
import re
from math import exp, inf, log, prod
from typing import Any

import numpy as np

from initscope.core.errors import InputError
from initscope.core.initialization import sampling
from initscope.core.initialization.initializers import fans, find, initializer
from initscope.core.initialization.sampling import Moment, Sample
from initscope.core.jsonnumber import json_number
from initscope.tui.coloured import print_coloured
from initscope.tui.initcommand import CONVOLUTION, DENSE, read_shape
from initscope.tui.jsonfile import JsonFile
from initscope.tui.options import whole_number
from initscope.tui.sampleview import View, lines

MOST_NAMES, MOST_DRAWS, MOST_BINS = 9, 10**7, 1000


def sample(arguments: argparse.Namespace) -> int:
    """Print what was asked for; returns the exit code. Raises InputError."""
    with JsonFile(arguments.json or None) as file:
        view = read(arguments)
        file.write(document(view))
    if arguments.json != "-":
        print_coloured(lambda style: lines(view, style), arguments.plain)
    return 0


def read(arguments: argparse.Namespace) -> View:
    """Read the options and draw. Raises InputError."""
    for text in arguments.names:
        refuse_call(text)
    n, bins = (_whole(arguments, name, most) for name, most in (("n", MOST_DRAWS), ("bins", MOST_BINS)))
    seed, eps = _whole(arguments, "seed", 2**63 - 1, least=0), _positive(arguments.eps)
    if len(arguments.names) > MOST_NAMES:
        raise InputError(f"{len(arguments.names)} initializers are too many to compare: at most {MOST_NAMES}")
    rules = [initializer(text) for text in arguments.names or ["rand", "randn"]]
    default = CONVOLUTION if any(rule.needs_convolution for rule in rules) else DENSE
    shape = read_shape(arguments.shape) if arguments.shape else default
    if prod(shape) > MOST_DRAWS:
        raise InputError(f"--shape {arguments.shape}: {prod(shape):,} weights are too many, at most {MOST_DRAWS:,}")
    # The same stream for each, so that randn and 0.01*randn are the same draws, scaled.
    samples = tuple(sampling.draw(rule, shape, n, np.random.default_rng(seed)) for rule in rules)
    return View(samples, n, seed, eps, shape, sampling.shared_edges(samples, bins))


def _whole(arguments: argparse.Namespace, name: str, most: int, least: int = 1) -> int:
    return whole_number("-n" if name == "n" else f"--{name}", getattr(arguments, name), least, most)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < inf:
        raise InputError(f"--eps must be a number greater than 0, such as 1e-5, not {text}")
    return value


def refuse_call(text: str) -> None:
    """Raises InputError with the right call for one written as in Python, such as `randn((3,4))`."""
    found = re.fullmatch(r"(.*\*)?\s*(?:(?:np|numpy)\.)?(?:random\.)?(\w+)\s*\((.*)\)\s*(\*.*)?", text.strip())
    if not found:
        return
    before, name, inside, after = found.groups(default="")
    if not find(name):
        return
    sizes = re.findall("[0-9]+", inside)
    option = {0: "", 1: f" -n {''.join(sizes)}"}.get(len(sizes), f" --shape {','.join(sizes)}")
    here = (before + name + after).replace(" ", "")
    right = f"write initscope sample {repr(here) if '*' in here else here}{option}"
    if name not in ("rand", "randn") or not sizes:
        raise InputError(f"'{text}': here the shape is an option, {right}")
    call = f"np.random.{name}({', '.join(sizes)})"
    if not re.match(r"\s*[(\[]", inside):
        raise InputError(f"'{text}': {call} is numpy's call; here the shape is an option, {right}")
    count = {1: "one argument", 2: "two arguments"}.get(len(sizes), f"{len(sizes)} arguments")
    wrong = f"{name}(({', '.join(sizes)}{',' * (len(sizes) == 1)}))"
    raise InputError(f"in numpy {wrong} raises TypeError: the shape goes in as {count}, {call}; here {right}")


def document(view: View) -> dict[str, Any]:
    """All that is shown, for JSON: numbers, lists and None for what is not known."""
    inputs, outputs = fans(view.shape)
    return {
        "kind": "sample", "n": view.n, "seed": view.seed, "eps": view.eps, "shape": list(view.typed),
        "fan_in": inputs, "fan_out": outputs, "edges": view.edges.tolist(),
        "initializers": [_entry(view, one) for one in view.samples],
    }  # fmt: skip


def _entry(view: View, one: Sample) -> dict[str, Any]:
    near = sampling.log_near_zero(one.distribution, view.eps)
    everywhere = sampling.log_all_near_zero(one.distribution, view.shape, view.eps)
    return {
        "name": one.name, "independent": one.independent, "mean": _moment(one.mean), "std": _moment(one.std),
        "counts": np.histogram(one.values, view.edges)[0].tolist(),
        "expected_shares": sampling.expected_shares(one.distribution, view.edges).tolist(),
        **({"note": one.alone} if one.alone else {}),
        "one_near_zero": _chance(near), "all_near_zero": None if everywhere is None else _chance(everywhere),
    }  # fmt: skip


def _moment(moment: Moment) -> dict[str, float | None]:
    found = {"sample": moment.sample, "expected": moment.expected, "standard_error": moment.error, "z": moment.z}
    return {name: json_number(value) for name, value in found.items()}


def _chance(logarithm: float) -> dict[str, float | None]:
    return {"probability": exp(logarithm), "log10": json_number(logarithm / log(10))}
