"""The one line of NumPy, PyTorch, Keras and JAX code that draws an initializer's weights.

NumPy and PyTorch lines make weights of shape (out, in) or (out, in, *kernel), Keras and JAX lines (in, out) or
(*kernel, in, out), as these libraries keep them; lines that draw single entries take biases (out,) as well. They need
what `codelines.setup` says.
"""

from collections.abc import Callable, Mapping
from math import prod

from initscope.core.catalogue import Value
from initscope.core.initialization.codelines import Lines, Shape, short, times
from initscope.core.initialization.distributions import TruncatedNormal, Uniform
from initscope.core.initialization.entries import variance_scaling
from initscope.core.initialization.initializers import Initializer, fans
from initscope.core.initialization.structured import Sparse


def recipe(rule: Initializer, shape: tuple[int, ...]) -> dict[str, str]:
    """By library, the line that draws weights (out, in) or (out, in, *kernel), or biases (out,), as `rule` does.

    Biases only by an initializer that ignores the fans. Raises InputError for a shape that `rule` cannot fill.
    """
    here = rule.here
    if len(shape) > 1:
        here.of(shape)
    name, values = here.name, here.numbers
    if name in _SCALED:
        scale, mode, kind = _SCALED[name]
        return _scaled(scale * float(values["gain"]) ** 2, mode, kind, Shape(shape)).named()
    if name == "variance_scaling":
        scale, mode, kind = float(values["scale"]), str(values["mode"]), str(values["distribution"])
        return _scaled(scale, mode, kind, Shape(shape)).named()
    return _BUILDERS[name](values, Shape(shape)).named()


_SCALED = {
    "xavier_normal": (1.0, "fan_avg", "normal"),
    "xavier_uniform": (1.0, "fan_avg", "uniform"),
    "he_normal": (2.0, "fan_in", "normal"),
    "he_uniform": (2.0, "fan_in", "uniform"),
    "lecun_normal": (1.0, "fan_in", "normal"),
    "lecun_uniform": (1.0, "fan_in", "uniform"),
    "scaled_randn": (1.0, "fan_in", "normal"),
    "glorot_standard": (1 / 3, "fan_in", "uniform"),
}
"""Scale, mode and distribution of what is variance_scaling by another name."""


def _scaled(scale: float, mode: str, kind: str, shape: Shape) -> Lines:
    """variance_scaling in every library."""
    fan_in, fan_out = fans(shape.axes)
    triple = 3 * scale if kind == "uniform" else scale
    over = {
        "fan_in": f"{short(triple)} / {fan_in}", "fan_out": f"{short(triple)} / {fan_out}",
        "fan_avg": f"{short(2 * triple)} / ({fan_in} + {fan_out})",
        "fan_geo_avg": f"{short(triple)} / np.sqrt({fan_in} * {fan_out})",
    }[mode]  # fmt: skip
    made = variance_scaling(fan_in, fan_out, scale, mode, kind)
    if kind == "normal":
        numpy = f"rng.normal(0, np.sqrt({over}), {shape})"
        plain = f"keras.initializers.RandomNormal(0, {short(made.variance**0.5)})({shape.flipped})"
    elif isinstance(made, TruncatedNormal):
        numpy = f"np.sqrt({over}) / 0.87962566103424 * {_truncated_z(-2, 2, shape)}"
        plain = f"keras.initializers.TruncatedNormal(0, {short(made.std)})({shape.flipped})"
    else:
        numpy = f"np.sqrt({over}) * rng.uniform(-1, 1, {shape})"
        low, high = made.bounds
        plain = f"keras.initializers.RandomUniform({short(low)}, {short(high)})({shape.flipped})"
    keras_kind = "untruncated_normal" if kind == "normal" else kind
    keras = f'keras.initializers.VarianceScaling({short(scale)}, "{mode}", "{keras_kind}")({shape.flipped})'
    jax = f'jax.nn.initializers.variance_scaling({short(scale)}, "{mode}", "{kind}")(key, {shape.flipped})'
    torch = _torch_scaled(scale, mode, kind, over, shape)
    return Lines(numpy, torch, plain if mode == "fan_geo_avg" else keras, jax)


def _torch_scaled(scale: float, mode: str, kind: str, over: str, shape: Shape) -> str:
    """PyTorch knows fan_in and fan_out as kaiming, fan_avg as xavier, and no truncation of this kind."""
    fan_in, fan_out = fans(shape.axes)
    if kind == "truncated_normal":
        made = variance_scaling(fan_in, fan_out, scale, mode, kind)
        assert isinstance(made, TruncatedNormal)
        low, high = made.bounds
        return f"torch.nn.init.trunc_normal_({shape.torch}, 0, {short(made.std)}, {short(low)}, {short(high)})"
    if mode == "fan_avg":
        gain = "" if scale == 1 else f", gain={short(scale**0.5)}"
        return f"torch.nn.init.xavier_{kind}_({shape.torch}{gain})"
    words = {1.0: 'nonlinearity="linear"', 2.0: 'nonlinearity="relu"'}.get(scale, "")
    if not words and scale < 2:
        words = "a=math.sqrt(5)" if abs(scale - 1 / 3) < 1e-12 else f"a={short((2 / scale - 1) ** 0.5)}"
    if words and mode != "fan_geo_avg":
        fan = "" if mode == "fan_in" else f', mode="{mode}"'
        return f"torch.nn.init.kaiming_{kind}_({shape.torch}, {words}{fan})"
    root = f"math.sqrt({over.replace('np.', 'math.')})"
    if kind == "uniform":
        return f"torch.nn.init.uniform_({shape.torch}, -{root}, {root})"
    return f"torch.nn.init.normal_({shape.torch}, 0, {root})"


def _truncated_z(low: float, high: float, shape: Shape) -> str:
    """A standard normal held to [low, high], in NumPy: the quantiles of uniform draws."""
    return f"np.vectorize(N.inv_cdf)(rng.uniform(N.cdf({short(low)}), N.cdf({short(high)}), {shape}))"


Values = Mapping[str, Value]


def _filled(numpy: str, value: str, shape: Shape) -> Lines:
    return Lines(
        numpy, f"torch.nn.init.constant_({shape.torch}, {value})",
        f"keras.initializers.Constant({value})({shape.flipped})",
        f"jax.nn.initializers.constant({value})(key, {shape.flipped})",
    )  # fmt: skip


def _constant(value: str, shape: Shape) -> Lines:
    return _filled(f"np.full({shape}, {value})", value, shape)


def _uniform(low: float, high: float, shape: Shape) -> Lines:
    a, b = (short(bound) for bound in Uniform(low, high).bounds)
    return Lines(
        f"rng.uniform({a}, {b}, {shape})", f"torch.nn.init.uniform_({shape.torch}, {a}, {b})",
        f"keras.initializers.RandomUniform({a}, {b})({shape.flipped})",
        f"jax.random.uniform(key, {shape.flipped}, minval={a}, maxval={b})",
    )  # fmt: skip


def _normal(mean: float, std: float, shape: Shape) -> Lines:
    m, s = short(mean), short(abs(std))
    return Lines(
        f"rng.normal({m}, {s}, {shape})", f"torch.nn.init.normal_({shape.torch}, {m}, {s})",
        f"keras.initializers.RandomNormal({m}, {s})({shape.flipped})",
        f"{m} + {times(abs(std))}jax.random.normal(key, {shape.flipped})".removeprefix("0 + "),
    )  # fmt: skip


def _truncated_normal(values: Values, shape: Shape) -> Lines:
    mean, std, low, high = (float(values[name]) for name in ("mean", "std", "low", "high"))
    scaled = (f"{short(mean)} + " if mean else "") + times(std)
    numpy = scaled + _truncated_z(low, high, shape)
    a, b = short(mean + std * low), short(mean + std * high)
    keras = f"keras.initializers.TruncatedNormal({short(mean)}, {short(std)})({shape.flipped})"
    return Lines(
        numpy, f"torch.nn.init.trunc_normal_({shape.torch}, {short(mean)}, {short(std)}, {a}, {b})",
        keras if (low, high) == (-2, 2) else shape.keras(numpy),
        f"{scaled}jax.random.truncated_normal(key, {short(low)}, {short(high)}, {shape.flipped})",
    )  # fmt: skip


def _xavier_literal(values: Values, shape: Shape) -> Lines:
    fan_in, fan_out = fans(shape.axes)
    gain, root = float(values["gain"]), f"np.sqrt(np.sqrt(2 / ({fan_in} + {fan_out})))"
    std = root if gain == 1 else f"{short(abs(gain))} * {root}"
    return Lines(
        f"rng.normal(0, {std}, {shape})",
        f"torch.nn.init.normal_({shape.torch}, 0, {std.replace('np.', 'math.')})",
        f"keras.initializers.RandomNormal(0, {std})({shape.flipped})",
        f"{std.replace('np.', 'jnp.')} * jax.random.normal(key, {shape.flipped})",
    )  # fmt: skip


def _abs_randn(values: Values, shape: Shape) -> Lines:
    scale = times(values["scale"])
    return Lines(
        f"{scale}np.abs(rng.standard_normal({shape}))", f"{scale}{shape.torch.replace('empty', 'randn')}.abs()",
        f"{scale}keras.ops.abs(keras.random.normal({shape.flipped}))",
        f"{scale}jnp.abs(jax.random.normal(key, {shape.flipped}))",
    )  # fmt: skip


def _rotation(rows: int, columns: int, gain: Value) -> tuple[str, str]:
    """Statements that make q and r, and the (rows, columns) matrix made of them, in NumPy."""
    tall = rows >= columns
    made = f"q, r = np.linalg.qr(rng.standard_normal({(rows, columns) if tall else (columns, rows)}))"
    return made, times(gain) + ("q * np.sign(np.diag(r))" if tall else "(q * np.sign(np.diag(r))).T")


def _orthogonal(values: Values, shape: Shape) -> Lines:
    gain = short(values["gain"])
    made, q = _rotation(shape.axes[0], prod(shape.axes[1:]), values["gain"])
    kernel = f".reshape{shape}" if len(shape.axes) > 2 else ""
    q = f"({q})" if kernel else q
    return Lines(
        f"{made}; W = {q}{kernel}", f"torch.nn.init.orthogonal_({shape.torch}, {gain})",
        f"keras.initializers.Orthogonal({gain})({shape.flipped})",
        f"jax.nn.initializers.orthogonal({gain})(key, {shape.flipped})",
    )  # fmt: skip


def _delta_orthogonal(values: Values, shape: Shape) -> Lines:
    gain, centre, (rows, columns) = short(values["gain"]), shape.centre(1), shape.axes[:2]
    made, q = _rotation(rows, columns, values["gain"])
    return Lines(
        f"{made}; W = np.zeros({shape}); W[:, :, {centre}] = {q}",
        f"W = {shape.torch.replace('empty', 'zeros')}; "
        f"W[:, :, {centre}] = torch.nn.init.orthogonal_(torch.empty({rows}, {columns}), {gain})",
        f"W = np.zeros({shape.flipped}); W[{centre}] = keras.initializers.Orthogonal({gain})({(columns, rows)})",
        f"jax.nn.initializers.delta_orthogonal({gain})(key, {shape.flipped})",
    )  # fmt: skip


def _identity(values: Values, shape: Shape) -> Lines:
    gain, scale, (rows, columns) = short(values["gain"]), times(values["gain"]), shape.axes
    return Lines(
        f"{scale}np.eye({rows}, {columns})", f"{scale}torch.nn.init.eye_({shape.torch})",
        f"keras.initializers.Identity({gain})({shape.flipped})", f"{scale}jnp.eye({columns}, {rows})",
    )  # fmt: skip


def _dirac(values: Values, shape: Shape) -> Lines:
    centre, same = shape.centre(0), f"range({min(shape.axes[:2])})"
    return Lines(
        f"W = np.zeros({shape}); W[{same}, {same}, {centre}] = 1", f"torch.nn.init.dirac_({shape.torch})",
        f"W = np.zeros({shape.flipped}); W[{centre}, {same}, {same}] = 1",
        f"jnp.zeros({shape.flipped}).at[{centre}, jnp.a{same}, jnp.a{same}].set(1)",
    )  # fmt: skip


def _sparse(values: Values, shape: Shape) -> Lines:
    std, sparsity = float(values["std"]), float(values["sparsity"])
    zeros, s = Sparse(std, sparsity, shape.axes[0]).zeros, short(std)
    numpy = f"rng.normal(0, {s}, {shape}) * (rng.random({shape}).argsort(axis=0) >= {zeros})"
    mask = f"jax.random.uniform(jax.random.fold_in(key, 1), {shape.flipped}).argsort(axis=1) >= {zeros}"
    return Lines(
        numpy, f"torch.nn.init.sparse_({shape.torch}, {short(sparsity)}, {s})", shape.keras(numpy),
        f"{times(std)}jax.random.normal(key, {shape.flipped}) * ({mask})",
    )  # fmt: skip


def _lsuv(values: Values, shape: Shape) -> Lines:
    return _then("W /= z.std() on a batch, from the first layer to the last", _orthogonal({"gain": 1.0}, shape))


def _fixup(values: Values, shape: Shape) -> Lines:
    rest = "W *= L**(-1/(2*m-2)) in a block of m layers, its last and the network's last W[:] = 0"
    return _then(rest, _scaled(2.0, "fan_in", "normal", shape))


def _then(rest: str, lines: Lines) -> Lines:
    """The lines with what the network still needs behind them, as a comment."""
    return Lines(*(f"{line}  # then {rest}" for line in (lines.numpy, lines.torch, lines.keras, lines.jax)))


_BUILDERS: Mapping[str, Callable[[Values, Shape], Lines]] = {
    "zeros": lambda values, shape: _filled(f"np.zeros({shape})", "0", shape),
    "ones": lambda values, shape: _filled(f"np.ones({shape})", "1", shape),
    "constant": lambda values, shape: _constant(short(values["value"]), shape),
    "rand": lambda values, shape: _uniform(0.0, float(values["scale"]), shape),
    "randn": lambda values, shape: _normal(0.0, float(values["scale"]), shape),
    "uniform": lambda values, shape: _uniform(float(values["low"]), float(values["high"]), shape),
    "normal": lambda values, shape: _normal(float(values["mean"]), float(values["std"]), shape),
    "truncated_normal": _truncated_normal,
    "xavier_literal": _xavier_literal,
    "abs_randn": _abs_randn,
    "orthogonal": _orthogonal,
    "delta_orthogonal": _delta_orthogonal,
    "identity": _identity,
    "dirac": _dirac,
    "sparse": _sparse,
    "lsuv": _lsuv,
    "fixup": _fixup,
}
"""What is not variance_scaling by another name."""
