"""The check of saved weights as text: verdict, a line a layer, what passes through them, and what that means."""

from collections.abc import Iterator, Sequence
from math import isfinite

from initscope.core.checks.file import ASSUMED, FileCheck, LayerCheck
from initscope.core.diagnosis.findings import Blame, Finding, layers_words
from initscope.core.diagnosis.remedies import ORDER
from initscope.core.plural import plural
from initscope.core.weights.layers import LayerWeights
from initscope.tui.charts import Style
from initscope.tui.checkviewtable import (
    BAD,
    GAP,
    GOOD,
    Column,
    candidates,
    correlation,
    findings,
    fitted,
    headline,
    number,
    say,
    share,
    tables,
)  # fmt: skip

LEAST_LOOK = 16
"""Columns in which what a layer looks like may be cut short."""
MANY = 100
"""Layers from which on only the first table is printed."""
PASSED = (
    ("z mean", "z_mean", number),
    ("z std", "z_std", number),
    ("flat %", "saturated", share),
    ("dead %", "dead_units", share),
    ("corr.", "correlation", correlation),
    ("a, inputs", "std_over_inputs", number),
    ("a, units", "std_over_units", number),
    ("fwd gain", "forward_gain", number),
    ("gradient", "gradient_rms", number),
    ("bwd gain", "backward_gain", number),
)
READING = """\
gain: std*sqrt(fan_in){relative}; twins: units that could go because another one has the same weights; (out, in): which
axis is which, ? where nothing tells; a: activations, their spread over inputs (what depends on the input) and over
units; corr.: of two inputs' z; gradient: rms of the gradient of {gradient_of}.
"""


def lines(check: FileCheck, style: Style) -> Iterator[str]:
    """The whole answer, results first."""
    yield from _headline(check, style)
    yield ""
    yield from _summary(check.layers, style)
    yield from _passed(check, style)
    yield from findings(check.findings, style)
    kind = f"{check.assumed}" + ("" if check.activation else ", if that is the activation")
    yield from candidates(check.candidates, f"Initializers that would work for {kind}, {ORDER}:", style)
    sought = check.how == "measured" and not check.geometry and any(map(_of_initialization, check.findings))
    if sought and check.judged and not check.candidates:
        yield ""
        yield from say(f"No initializer that is known here would work for {kind}.", style)
    if len(check.layers) <= MANY:
        yield ""
        yield from _details(check.layers, style)
        yield ""
        yield from _words(check, style)
    yield ""
    yield from _about(check, style)


def _of_initialization(finding: Finding) -> bool:
    return finding.blame is Blame.INITIALIZATION


UNJUDGED = "nothing found; signal and gradient could not be judged"
ALONE = "nothing found in a layer by itself"


def _headline(check: FileCheck, style: Style) -> Iterator[str]:
    first = check.findings[0] if check.findings else None
    more = f" and {len(check.findings) - 1} more" if len(check.findings) > 1 else ""
    blame = f" ({first.blame.value})" if first and first.blame.value != "none" else ""
    nothing = "healthy" if check.judged else ALONE if len(check.layers) == 1 else UNJUDGED
    word = f"{first.code}{blame}{more}" if first else nothing
    yield from headline(check.path.name, word, BAD if first else GOOD, style)


def name_column(layers: Sequence[LayerCheck], style: Style) -> Column:
    """Numbers and names of layers."""
    room, wide = max(style.width // 4, 8), len(str(len(layers)))
    names = (f"{one.number:>{wide}} {fitted(one.layer.name, room - wide - 1, style)}" for one in layers)
    return Column("", "layer", tuple(names), left=True)


def _summary(layers: Sequence[LayerCheck], style: Style) -> Iterator[str]:
    """The table that always is there: a line a layer, its last column what it looks like."""
    columns = [
        Column("", "shape", tuple(shape_words(one.layer) for one in layers)),
        Column("", "mean", tuple(number(one.statistics.mean) for one in layers)),
        Column("", "std", tuple(number(one.statistics.std) for one in layers)),
        Column("", "gain", tuple(number(one.gain) for one in layers)),
    ]
    first, looks = name_column(layers, style), [short_look(one) for one in layers]
    room = style.width - first.width - sum(column.width + GAP for column in columns) - GAP
    if room >= LEAST_LOOK:
        looks = [fitted(look, room, style) for look in looks]
    yield from tables(first, [[*columns, Column("", "looks like", tuple(looks), left=True)]], style)


def shape_words(layer: LayerWeights) -> str:
    return "x".join(map(str, layer.weight.shape))


def short_look(one: LayerCheck) -> str:
    """The best known name and how sure it is."""
    found = one.recognition
    if one.statistics.non_finite:
        return "not finite"
    if found is None:
        return one.looks_like
    copies = f", {plural(found.copies, 'copy', 'copies')}" if found.copies else ""
    if found.trained:
        return "trained" + (f", from {found.names[0]}?" if found.names else "") + copies
    return f"{found.names[0] if found.names else found.words} {100 * found.confidence:.0f} %{copies}"


def _passed(check: FileCheck, style: Style) -> Iterator[str]:
    """Signal and gradient, a line a layer."""
    yield ""
    if not check.passed:
        yield from say(f"Signal and gradient: not followed, {check.why_not}.", style)
        return
    yield from say(how_words(check), style)
    groups = []
    for title, key, written in PASSED:
        values = [float(getattr(one, key)) for one in check.passed]
        if any(isfinite(value) for value in values):
            groups.append([Column("", title, tuple(map(written, values)))])
    yield from tables(name_column(check.chain, style), groups, style)


def how_words(check: FileCheck) -> str:
    """Under which activation and inputs signal and gradient were followed."""
    kind = f"{check.assumed}" + ("" if check.activation else " assumed (--activation says which)")
    if check.how == "expected":
        why = f" of random weights of these means and spreads, not measured: {check.why_not}"
        return f"Signal and gradient as expected{why}. {kind[:1].upper()}{kind[1:]}, inputs N(0, 1):"
    examples = f"{plural(check.examples, 'example')} of {check.data}"
    inputs = examples if check.data else f"{check.examples} inputs N(0, 1)"
    taken = f"; taken for granted, as the file does not say: {check.geometry}" if check.geometry else ""
    return f"Signal and gradient, measured with {kind} and {inputs}{taken}:"


def _details(layers: Sequence[LayerCheck], style: Style) -> Iterator[str]:
    """Everything else in numbers."""
    sure = {"certain": "", "likely": "", "guess": "?"}
    groups = [
        [Column("", "kind", tuple(one.layer.kind for one in layers), left=True)],
        [Column("", "axes", tuple(one.layer.orientation + sure[one.layer.sure] for one in layers), left=True)],
        [Column("", "fan_in", tuple(str(one.layer.fan_in) for one in layers))],
        [Column("", "fan_out", tuple(str(one.layer.fan_out) for one in layers))],
        [Column("", "/ needed", tuple(number(one.relative_gain) for one in layers))],
        [Column("", "min", tuple(number(one.statistics.low) for one in layers))],
        [Column("", "max", tuple(number(one.statistics.high) for one in layers))],
        [Column("", "zeros %", tuple(share(one.statistics.zero_share) for one in layers))],
        [Column("", "twins", tuple("-" if one.twins is None else str(one.twins) for one in layers))],
        [Column("", "bias mean", tuple(number(one.biases.mean) if one.biases else "none" for one in layers))],
        [Column("", "bias std", tuple(number(one.biases.std) if one.biases else "" for one in layers))],
        [Column("", "type", tuple(one.layer.weight.dtype for one in layers), left=True)],
    ]
    if all(one.needed is None for one in layers):
        del groups[4]
    yield from tables(name_column(layers, style), groups, style)


def _words(check: FileCheck, style: Style) -> Iterator[str]:
    """What the layers look like in full, layers that are alike together."""
    by_words: dict[str, list[LayerCheck]] = {}
    for one in check.layers:
        by_words.setdefault(look_words(one), []).append(one)
    for words, alike in by_words.items():
        where = layers_words(tuple(one.number for one in alike))
        sure = min((one.recognition.confidence for one in alike if one.recognition), default=None)
        how = "" if sure is None else f" ({sure:.0%} sure{' or more' * (len(alike) > 1)})"
        yield from say(f"{where[:1].upper()}{where[1:]}: {words}{how}.", style)


def look_words(one: LayerCheck) -> str:
    """What a layer looks like, in full."""
    found = one.recognition
    if found is None:
        return one.looks_like
    also = f"; the same: {', '.join(found.names[1:4])}" if len(found.names) > 1 and not found.trained else ""
    return found.words + also + ("" if one.whole else "; from a sample")


def _about(check: FileCheck, style: Style) -> Iterator[str]:
    tensors = plural(check.tensors, "tensor")
    numbers = f"{plural(check.values, 'number')} in {tensors}, {len(check.layers)} with weights"
    yield from say(f"{check.path}: {check.format}, {numbers}. Layers: {check.layering.why}.", style)
    if check.left_out:
        more = ", ..." if len(check.left_out) > 5 else ""
        yield from say(f"Left out: {', '.join(check.left_out[:5])}{more}.", style)
    if not check.activation and check.passed:
        yield from say(f"Without --activation, a finding must hold for {', '.join(ASSUMED)} alike.", style)
    relative = "; / needed: over what keeps the size of z there (He et al. 2015)" if check.activation else ""
    yield from say(READING.format(relative=relative, gradient_of=check.gradient_of), style)
