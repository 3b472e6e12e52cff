"""Checks as JSON documents: plain names and numbers, null for what does not apply or is not finite."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from initscope.core import __version__
from initscope.core.checks.file import FileCheck, LayerCheck
from initscope.core.checks.spec import SpecCheck
from initscope.core.checks.statistics import Statistics
from initscope.core.diagnosis.document import finding_document
from initscope.core.diagnosis.remedies import Candidate
from initscope.core.jsonnumber import json_number


def of_specs(checks: Sequence[SpecCheck]) -> dict[str, Any]:
    """Of networks before training."""
    return {"kind": "check", "version": __version__, "networks": [_network(check) for check in checks]}


def _network(check: SpecCheck) -> dict[str, Any]:
    forecast, point = check.forecast, check.forecast.fixed_point
    layers = zip(forecast.layers, check.measured, strict=True)
    return {
        "name": check.spec.name, "command": check.spec.command(), "options": check.spec.options(),
        "healthy": check.verdict.healthy, "words": check.verdict.words,
        "causes": [{"blame": blame.value, "sure": sure} for blame, sure in check.verdict.causes],
        "findings": [finding_document(one) for one in check.verdict.findings],
        "layers": [{"name": one.name, "forecast": _plain(asdict(one)), "measured": _plain(asdict(other))}
                   for one, other in layers],
        "loss": json_number(check.loss), "examples": check.examples,
        "input_correlation": json_number(forecast.input_correlation), "chi": json_number(forecast.chi),
        "fixed_point": _plain(asdict(point)) if point else None,
        "trainable_depth": json_number(forecast.trainable_depth),
        "signal_lost": forecast.signal_lost, "gradient_lost": forecast.gradient_lost, "overflow": forecast.overflow,
        "notes": list(forecast.notes), "candidates": [_candidate(one) for one in check.candidates],
    }  # fmt: skip


def of_file(check: FileCheck) -> dict[str, Any]:
    """Of saved weights."""
    return {
        "kind": "check", "version": __version__, "file": str(check.path), "format": check.format,
        "healthy": check.healthy, "judged": check.judged, "findings": [finding_document(one) for one in check.findings],
        "activation": str(check.activation) if check.activation else None,
        "assumed_activation": str(check.assumed) if check.assumed and not check.activation else None,
        "data": check.data or None, "examples": check.examples,
        "layers": [_layer(one) for one in check.layers],
        "chain": [one.number for one in check.chain], "why_chain": check.layering.why,
        "passed": [_plain(asdict(one)) for one in check.passed], "how": check.how or None,
        "why_not_measured": check.why_not or None, "assumed_geometry": check.geometry or None,
        "left_out": list(check.left_out),
        "candidates": [_candidate(one) for one in check.candidates],
    }  # fmt: skip


def _layer(one: LayerCheck) -> dict[str, Any]:
    layer, found = one.layer, one.recognition
    return {
        "number": one.number, "name": layer.name, "tensor": layer.weight.name, "kind": layer.kind,
        "shape": list(layer.weight.shape), "dtype": layer.weight.dtype, "orientation": layer.orientation,
        "orientation_sure": layer.sure, "orientation_why": layer.why, "fan_in": layer.fan_in, "fan_out": layer.fan_out,
        **_statistics(one.statistics), "units": one.units, "twins": one.twins,
        "gain": json_number(one.gain), "needed_gain": json_number(one.needed), "looks_like": one.looks_like,
        "initializers": list(found.names) if found else [],
        "confidence": json_number(found.confidence) if found else None, "trained": found.trained if found else None,
        "copies": found.copies if found else None,
        "sampled": not one.whole, "biases": _statistics(one.biases) if one.biases else None,
    }  # fmt: skip


def _statistics(values: Statistics) -> dict[str, Any]:
    return {
        "size": values.size, "mean": json_number(values.mean), "std": json_number(values.std),
        "min": json_number(values.low), "max": json_number(values.high), "zeros": values.zeros,
        "non_finite": values.non_finite,
    }  # fmt: skip


def _candidate(one: Candidate) -> dict[str, Any]:
    return {"init": one.init, "bias-init": one.bias_init, "words": one.words, "score": json_number(one.score)}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: json_number(value) if isinstance(value, float) else value for name, value in values.items()}
