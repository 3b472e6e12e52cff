"""What PyTorch, Keras, JAX and Flax draw, under their own names, in terms of the catalogue.

A preset is typed `library.name`, such as `torch.xavier_normal_` or `keras.Dense`, or with the whole path as in code:
`torch.nn.init.xavier_normal_`, `keras.layers.Dense`. Capitals and underscores do not matter.
"""

from collections.abc import Callable, Mapping
from math import sqrt
from types import MappingProxyType

from initscope.core.catalogue import Parameter, Value
from initscope.core.errors import unknown
from initscope.core.initialization.definitions import Gain, Preset

TORCH_SCALES: Mapping[str, float] = MappingProxyType(
    {"linear": 1.0, "sigmoid": 1.0, "tanh": 25 / 9, "relu": 2.0, "leaky_relu": 2 / (1 + 0.01**2), "selu": 9 / 16}
)
"""The squares of torch.nn.init.calculate_gain."""


class TorchGain(Gain):
    """A number, or the activation whose gain PyTorch's calculate_gain tabulates."""

    def _read_name(self, owner: str, text: str) -> Value:
        name = text.lower()
        if name not in TORCH_SCALES:
            raise unknown(f"{self.name} of {owner}", text, TORCH_SCALES)
        return name

    def number(self, value: Value) -> float:
        return sqrt(TORCH_SCALES[value]) if isinstance(value, str) else value


def _number(name: str, default: float, meaning: str, above: float | None = None) -> Parameter:
    return Parameter(name, default, meaning, above=above)


def _scaling(scale: float, mode: str, distribution: str) -> str:
    return f"variance_scaling:scale={scale!r},mode={mode},distribution={distribution}"


def _kaiming(distribution: str) -> Callable[..., str]:
    def here(a: float, mode: str, nonlinearity: str) -> str:
        scale = 2 / (1 + a * a) if nonlinearity == "leaky_relu" else TORCH_SCALES[nonlinearity]
        return f"he_{distribution}" if (scale, mode) == (2, "fan_in") else _scaling(scale, mode, distribution)

    return here


def _keras_scaling(scale: float, mode: str, distribution: str) -> str:
    return _scaling(scale, mode, {"normal": "truncated_normal", "untruncated_normal": "normal"}.get(
        distribution, distribution))  # fmt: skip


def _torch_truncated(mean: float, std: float, a: float, b: float) -> str:
    return f"truncated_normal:mean={mean!r},std={std!r},low={(a - mean) / std!r},high={(b - mean) / std!r}"


def _truncated(mean: float, stddev: float, lower: float = -2.0, upper: float = 2.0) -> str:
    return f"truncated_normal:mean={mean!r},std={stddev!r},low={lower!r},high={upper!r}"


def _same(call: str) -> Callable[..., str]:
    return lambda **values: call.format(**{name: repr(value) for name, value in values.items()})


_FAN = Parameter("mode", "fan_in", "which fan divides", ("fan_in", "fan_out"))
_KAIMING = (
    _number("a", 0.0, "slope of the leaky relu on the negative side"), _FAN,
    Parameter("nonlinearity", "leaky_relu", "whose gain of calculate_gain is used", tuple(TORCH_SCALES)),
)  # fmt: skip
_TORCH_GAIN = (TorchGain("gain", 1.0, "multiplies every sample"),)
_GAIN = (Gain("gain", 1.0, "multiplies every sample"),)
_STDDEV = Parameter("stddev", 0.05, "standard deviation of the normal", minimum=0.0)
_JAX_STDDEV = Parameter("stddev", 0.01, "standard deviation of the normal", minimum=0.0)
_MEAN = _number("mean", 0.0, "centre of the normal")
_SCALE = _number("scale", 1.0, "variance times fan", above=0.0)
_CUT = "ends at ±2 stds of the normal it is cut from, which is 1/0.87962566 times as wide"
_AS_TORCH = "kaiming_uniform_ with a=√5, which is U[±1/√fan_in]"

_TRUNCATED, _UNIFORM = "W ~ N(0, {}) cut at ±2.2737 stds", "W ~ U[±√({})]"
_FAMILY = (
    # name, name here, scale, mode, variance, 3·variance
    ("glorot", "xavier", 1.0, "fan_avg", "2 / (fan_in + fan_out)", "6 / (fan_in + fan_out)"),
    ("he", "he", 2.0, "fan_in", "2 / fan_in", "6 / fan_in"),
    ("lecun", "lecun", 1.0, "fan_in", "1 / fan_in", "3 / fan_in"),
)


def _family(library: str, source: str, extra: Mapping[str, str] = MappingProxyType({})) -> tuple[Preset, ...]:
    """glorot, he and lecun, normal (which is truncated) and uniform; `extra` gives more names to some."""
    made = []
    for name, here, scale, mode, variance, triple in _FAMILY:
        for called in (name, *([extra[name]] if name in extra else [])):
            made += [
                Preset(f"{library}.{called}_normal", f"A truncated normal: {_CUT}.", _TRUNCATED.format(variance),
                       f"{source}.{called}_normal", _same(_scaling(scale, mode, "truncated_normal"))),
                Preset(f"{library}.{called}_uniform", f"The same as {here}_uniform.", _UNIFORM.format(triple),
                       f"{source}.{called}_uniform", _same(f"{here}_uniform")),
            ]  # fmt: skip
    return tuple(made)


_T, _K, _J = "torch.nn.init", "keras.initializers", "jax.nn.initializers"
_LECUN = _TRUNCATED.format("1 / fan_in")
_TORCH = (
    Preset("torch.nn.Linear", f"Weights of a dense layer by default: {_AS_TORCH}.", "W ~ U[±1 / √fan_in]",
           "torch.nn.Linear.reset_parameters", _same("glorot_standard")),
    Preset("torch.nn.Linear.bias", "Biases of a dense layer by default: as wide as its weights.",
           "b ~ U[±1 / √fan_in]", "torch.nn.Linear.reset_parameters", _same("glorot_standard")),
    Preset("torch.nn.Conv2d", f"Weights of a convolution by default: {_AS_TORCH}.", "W ~ U[±1 / √fan_in]",
           "torch.nn.Conv2d.reset_parameters", _same("glorot_standard")),
    Preset("torch.nn.Conv2d.bias", "Biases of a convolution by default: as wide as its weights.",
           "b ~ U[±1 / √fan_in]", "torch.nn.Conv2d.reset_parameters", _same("glorot_standard")),
    Preset("torch.zeros_", "Every entry 0.", "W = 0", f"{_T}.zeros_", _same("zeros")),
    Preset("torch.ones_", "Every entry 1.", "W = 1", f"{_T}.ones_", _same("ones")),
    Preset("torch.constant_", "Every entry the same.", "W = val", f"{_T}.constant_", _same("constant:value={val}"),
           (_number("val", 0.1, "what every entry is; PyTorch has no default"),), "val"),
    Preset("torch.uniform_", "Uniform between a and b.", "W ~ U[a, b)", f"{_T}.uniform_",
           _same("uniform:low={a},high={b}"), (_number("a", 0.0, "lower bound"), _number("b", 1.0, "upper bound"))),
    Preset("torch.normal_", "Normal.", "W ~ N(mean, std²)", f"{_T}.normal_", _same("normal:mean={mean},std={std}"),
           (_MEAN, Parameter("std", 1.0, "standard deviation of the normal", minimum=0.0))),
    Preset("torch.trunc_normal_", "A normal held between a and b, which are values, not numbers of stds.",
           "W ~ N(mean, std²) given a ≤ W ≤ b", f"{_T}.trunc_normal_", _torch_truncated,
           (_MEAN, _number("std", 1.0, "standard deviation before truncation", above=0.0),
            _number("a", -2.0, "lower bound"), _number("b", 2.0, "upper bound"))),
    Preset("torch.eye_", "Passes unit i on as unit i.", "W = I", f"{_T}.eye_", _same("identity")),
    Preset("torch.dirac_", "A convolution that passes channel i on as channel i (groups=1).",
           "W[i, i, centre] = 1, else 0", f"{_T}.dirac_", _same("dirac")),
    Preset("torch.xavier_uniform_", "The same as xavier_uniform; gains by calculate_gain.",
           "W ~ gain · U[±√(6 / (fan_in + fan_out))]", f"{_T}.xavier_uniform_", _same("xavier_uniform:gain={gain}"),
           _TORCH_GAIN, "gain"),
    Preset("torch.xavier_normal_", "A plain normal, not a truncated one; gains by calculate_gain.",
           "W ~ gain · N(0, 2 / (fan_in + fan_out))", f"{_T}.xavier_normal_", _same("xavier_normal:gain={gain}"),
           _TORCH_GAIN, "gain"),
    Preset("torch.kaiming_uniform_", "Without arguments the same as he_uniform.",
           "W ~ U[±√(3 · gain² / fan)], gain² = 2 / (1 + a²) for leaky_relu", f"{_T}.kaiming_uniform_",
           _kaiming("uniform"), _KAIMING),
    Preset("torch.kaiming_normal_", "A plain normal; without arguments the same as he_normal.",
           "W ~ N(0, gain² / fan), gain² = 2 / (1 + a²) for leaky_relu", f"{_T}.kaiming_normal_",
           _kaiming("normal"), _KAIMING),
    Preset("torch.orthogonal_", "A random rotation; kernels are read as (out, in·kernel).", "W = gain · Q",
           f"{_T}.orthogonal_", _same("orthogonal:gain={gain}"), _TORCH_GAIN, "gain"),
    Preset("torch.sparse_", "Zeros at random places of each column.",
           "W ~ N(0, std²), with ⌈sparsity · fan_out⌉ zeros for each input", f"{_T}.sparse_",
           _same("sparse:std={std},sparsity={sparsity}"),
           (Parameter("sparsity", 0.9, "share of zeros; PyTorch has no default", minimum=0.0, below=1.0),
            Parameter("std", 0.01, "standard deviation of what is not zero", minimum=0.0)), "std"),
)  # fmt: skip
_KERAS = (
    Preset("keras.Dense", "Weights of a dense layer by default, which is glorot_uniform; its biases are zeros.",
           _UNIFORM.format("6 / (fan_in + fan_out)"), "keras.layers.Dense", _same("xavier_uniform")),
    Preset("keras.Conv2D", "Weights of a convolution by default, which is glorot_uniform; its biases are zeros.",
           _UNIFORM.format("6 / (fan_in + fan_out)"), "keras.layers.Conv2D", _same("xavier_uniform")),
    Preset("keras.zeros", "Every entry 0.", "W = 0", f"{_K}.Zeros", _same("zeros")),
    Preset("keras.ones", "Every entry 1.", "W = 1", f"{_K}.Ones", _same("ones")),
    Preset("keras.constant", "Every entry the same.", "W = value", f"{_K}.Constant", _same("constant:value={value}"),
           (_number("value", 0.0, "what every entry is"),), "value"),
    Preset("keras.random_normal", "Normal, by default with a std of 0.05 whatever the size of the layer.",
           "W ~ N(mean, stddev²)", f"{_K}.RandomNormal", _same("normal:mean={mean},std={stddev}"), (_MEAN, _STDDEV)),
    Preset("keras.random_uniform", "Uniform, by default on ±0.05 whatever the size of the layer.",
           "W ~ U[minval, maxval)", f"{_K}.RandomUniform", _same("uniform:low={minval},high={maxval}"),
           (_number("minval", -0.05, "lower bound"), _number("maxval", 0.05, "upper bound"))),
    Preset("keras.truncated_normal", "A normal redrawn beyond 2 stds, so that its std is 0.8796 · stddev.",
           "W ~ N(mean, stddev²) given |W - mean| ≤ 2 · stddev", f"{_K}.TruncatedNormal", _truncated,
           (_MEAN, _STDDEV)),
    Preset("keras.variance_scaling", f"By default a truncated normal (which `normal` means as well): {_CUT}.",
           "Var W = scale / n, n = fan_in, fan_out or their mean", f"{_K}.VarianceScaling", _keras_scaling,
           (_SCALE, Parameter("mode", "fan_in", "which fan divides", ("fan_in", "fan_out", "fan_avg")),
            Parameter("distribution", "truncated_normal", "its shape",
                      ("truncated_normal", "normal", "untruncated_normal", "uniform")))),
    *_family("keras", _K),
    Preset("keras.orthogonal", "A random rotation; kernels are read as (kernel·in, out).", "W = gain · Q",
           f"{_K}.Orthogonal", _same("orthogonal:gain={gain}"), _GAIN, "gain"),
    Preset("keras.identity", "Passes unit i on as unit i.", "W = gain · I", f"{_K}.Identity",
           _same("identity:gain={gain}"), _GAIN, "gain"),
)  # fmt: skip
_JAX = (
    Preset("flax.Dense", f"Weights of a dense layer by default, which is lecun_normal: a truncated normal that {_CUT}; "
           "its biases are zeros.", _LECUN, "flax.linen.Dense", _same(_scaling(1.0, "fan_in", "truncated_normal"))),
    Preset("flax.Conv", f"Weights of a convolution by default, which is lecun_normal: a truncated normal that {_CUT}; "
           "its biases are zeros.", _LECUN, "flax.linen.Conv", _same(_scaling(1.0, "fan_in", "truncated_normal"))),
    Preset("flax.nnx.Linear", f"Weights of a dense layer by default, which is lecun_normal: a truncated normal that "
           f"{_CUT}; its biases are zeros.", _LECUN, "flax.nnx.Linear",
           _same(_scaling(1.0, "fan_in", "truncated_normal"))),
    Preset("jax.zeros", "Every entry 0.", "W = 0", f"{_J}.zeros", _same("zeros")),
    Preset("jax.ones", "Every entry 1.", "W = 1", f"{_J}.ones", _same("ones")),
    Preset("jax.constant", "Every entry the same.", "W = value", f"{_J}.constant", _same("constant:value={value}"),
           (_number("value", 0.1, "what every entry is; JAX has no default"),), "value"),
    Preset("jax.normal", "Normal, by default with a std of 0.01 whatever the size of the layer.",
           "W ~ N(0, stddev²)", f"{_J}.normal", _same("randn:scale={stddev}"), (_JAX_STDDEV,), "stddev"),
    Preset("jax.uniform", "Uniform between 0 and scale, so its mean is not zero.", "W ~ scale · U[0, 1)",
           f"{_J}.uniform", _same("rand:scale={scale}"), (_number("scale", 0.01, "upper bound"),), "scale"),
    Preset("jax.truncated_normal", "A normal without its tails, so that its std is less than stddev.",
           "W = stddev · Z, Z ~ N(0, 1) given lower ≤ Z ≤ upper", f"{_J}.truncated_normal",
           lambda stddev, lower, upper: _truncated(0.0, stddev, lower, upper),
           (_JAX_STDDEV, _number("lower", -2.0, "lower bound, in stds"), _number("upper", 2.0, "upper bound, in stds")),
           "stddev"),
    Preset("jax.variance_scaling", f"The truncated normal {_CUT}.",
           "Var W = scale / n, n = fan_in, fan_out or their mean", f"{_J}.variance_scaling", _scaling,
           (_SCALE, Parameter("mode", "fan_in", "which fan divides; JAX has no defaults",
                              ("fan_in", "fan_out", "fan_avg", "fan_geo_avg")),
            Parameter("distribution", "truncated_normal", "its shape", ("truncated_normal", "normal", "uniform")))),
    *_family("jax", _J, {"glorot": "xavier", "he": "kaiming"}),
    Preset("jax.orthogonal", "A random rotation; kernels are read as (kernel·in, out).", "W = scale · Q",
           f"{_J}.orthogonal", _same("orthogonal:gain={scale}"), (Gain("scale", 1.0, "multiplies every sample"),),
           "scale"),
    Preset("jax.delta_orthogonal", "A random rotation of the channels at the kernel's centre.",
           "W[centre] = scale · Q, else 0", f"{_J}.delta_orthogonal", _same("delta_orthogonal:gain={scale}"),
           (Gain("scale", 1.0, "multiplies every sample"),), "scale"),
)  # fmt: skip

_FOLDERS = {"nn", "init", "initializers", "layers", "linen", "nnx"}
"""What may stand between a library and a name."""


def _key(name: str) -> str:
    """What a name has in common with all that mean the same."""
    first, *others = name.lower().replace("_", "").removeprefix("tf.").split(".")
    return ".".join([first, *(part for part in others if part not in _FOLDERS)])


PRESETS: Mapping[str, Preset] = MappingProxyType({p.name: p for p in (*_TORCH, *_KERAS, *_JAX)})
"""Every preset by the name it is shown with, library by library, defaults of layers first."""
_BY_KEY = {_key(name): preset for name, preset in PRESETS.items()}


def preset(name: str) -> Preset | None:
    """The preset of that name, however its path, capitals and underscores are written."""
    return _BY_KEY.get(_key(name))


def presets_named(name: str) -> list[str]:
    """The presets called so, whatever the library, for a name in small letters without underscores."""
    return [found.name for key, found in _BY_KEY.items() if key.partition(".")[2] == name]
