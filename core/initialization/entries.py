"""The catalogue of initializers: each with its formula, source and names in other libraries."""

from collections.abc import Callable, Mapping
from math import sqrt
from types import MappingProxyType

from initscope.core.catalogue import Parameter
from initscope.core.initialization.definitions import Definition, Gain
from initscope.core.initialization.distributions import (
    Constant,
    Distribution,
    HalfNormal,
    Normal,
    TruncatedNormal,
    Uniform,
)
from initscope.core.initialization.structured import DeltaOrthogonal, Dirac, Identity, Orthogonal, Sparse

_STD_WITHIN_2 = sqrt(TruncatedNormal(0.0, 1.0, -2.0, 2.0).variance)  # 0.87962566103423978


def variance_scaling(
    fan_in: int, fan_out: int, scale: float, mode: str, distribution: str, gain: float = 1.0
) -> Distribution:
    """The distribution of mean 0 and variance gain²·scale/n, n being the fan that `mode` names.

    He et al. 2015, eq. 10 and 14, for general scale. A truncated normal ends at two stds of the normal it is
    cut from, which is made wider to keep the variance.
    """
    n = {
        "fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2, "fan_geo_avg": sqrt(fan_in * fan_out),
    }[mode]  # fmt: skip
    std = gain * sqrt(scale / n)
    if distribution == "uniform":
        return Uniform(-std * sqrt(3), std * sqrt(3))
    if distribution == "truncated_normal":
        return TruncatedNormal(0.0, std / _STD_WITHIN_2, -2.0, 2.0)
    return Normal(0.0, std)


def _special(scale: float, mode: str, distribution: str) -> Callable[..., Distribution]:
    return lambda fan_in, fan_out, gain: variance_scaling(fan_in, fan_out, scale, mode, distribution, gain)


MODES = ("fan_in", "fan_out", "fan_avg", "fan_geo_avg")
_SCALE = (Parameter("scale", 1.0, "multiplies every sample"),)
_GAIN = (Gain("gain", 1.0, "multiplies every sample"),)
_CENTRE = Parameter("mean", 0.0, "centre of the normal")
_STD = Parameter("std", 1.0, "standard deviation of the normal", minimum=0.0)
_GLOROT = "Glorot & Bengio 2010, eq. "
_HE = "He, Zhang, Ren & Sun 2015, eq. 10"
_LECUN = "LeCun, Bottou, Orr & Müller 1998, section 4.6"
_PLAIN = "a plain normal as in PyTorch, where Keras and JAX truncate (variance_scaling:{}truncated_normal)."

_DEFINITIONS = (
    Definition(
        "zeros", "Every entry 0, so the units of a layer stay identical.", "W = 0", "a constant",
        lambda fan_in, fan_out: Constant(0.0),
        aliases=(("NumPy", "np.zeros"), ("PyTorch", "torch.nn.init.zeros_"),
                 ("Keras", "keras.initializers.Zeros"), ("JAX", "jax.nn.initializers.zeros")),
    ),
    Definition(
        "ones", "Every entry 1, so the units of a layer stay identical.", "W = 1", "a constant",
        lambda fan_in, fan_out: Constant(1.0),
        aliases=(("NumPy", "np.ones"), ("PyTorch", "torch.nn.init.ones_"),
                 ("Keras", "keras.initializers.Ones"), ("JAX", "jax.nn.initializers.ones")),
    ),
    Definition(
        "constant", "Every entry the same, so the units of a layer stay identical.", "W = value",
        "a constant", lambda fan_in, fan_out, value: Constant(value),
        (Parameter("value", 0.1, "what every entry is"),), "value",
        (("NumPy", "np.full"), ("PyTorch", "torch.nn.init.constant_"),
         ("Keras", "keras.initializers.Constant"), ("JAX", "jax.nn.initializers.constant")),
    ),
    Definition(
        "rand", "Uniform between 0 and 1: its mean is not zero.", "W ~ scale · U[0, 1)",
        "NumPy's random.rand", lambda fan_in, fan_out, scale: Uniform(0.0, scale), _SCALE, "scale",
        (("NumPy", "np.random.rand"), ("PyTorch", "torch.rand"), ("JAX", "jax.nn.initializers.uniform")),
        namesakes=("jax.uniform", "keras.random_uniform"),
    ),
    Definition(
        "randn", "Standard normal, whatever the size of the layer.", "W ~ scale · N(0, 1)",
        "NumPy's random.randn", lambda fan_in, fan_out, scale: Normal(0.0, scale), _SCALE, "scale",
        (("NumPy", "np.random.randn"), ("PyTorch", "torch.randn"), ("JAX", "jax.nn.initializers.normal")),
        namesakes=("jax.normal", "keras.random_normal"),
    ),
    Definition(
        "uniform", "Uniform between two bounds of your choice.", "W ~ U[low, high)", "a plain uniform",
        lambda fan_in, fan_out, low, high: Uniform(low, high),
        (Parameter("low", -1.0, "lower bound"), Parameter("high", 1.0, "upper bound")),
        aliases=(("NumPy", "np.random.uniform"), ("PyTorch", "torch.nn.init.uniform_"),
                 ("Keras", "keras.initializers.RandomUniform")),
        namesakes=("torch.uniform_", "keras.random_uniform", "jax.uniform"),
    ),
    Definition(
        "normal", "Normal with a mean and a standard deviation of your choice.", "W ~ N(mean, std²)",
        "a plain normal", lambda fan_in, fan_out, mean, std: Normal(mean, std), (_CENTRE, _STD),
        aliases=(("NumPy", "np.random.normal"), ("PyTorch", "torch.nn.init.normal_"),
                 ("Keras", "keras.initializers.RandomNormal")),
        namesakes=("keras.random_normal", "jax.normal"),
    ),
    Definition(
        "truncated_normal",
        "A normal without its tails (PyTorch's trunc_normal_ takes the bounds as values, not in stds).",
        "W = mean + std · Z, Z ~ N(0, 1) given low ≤ Z ≤ high", "Johnson, Kotz & Balakrishnan 1994, ch. 13",
        lambda fan_in, fan_out, mean, std, low, high: TruncatedNormal(mean, std, low, high),
        (_CENTRE, Parameter("std", 1.0, "standard deviation before truncation", minimum=0.0),
         Parameter("low", -2.0, "lower bound, in stds from the mean"),
         Parameter("high", 2.0, "upper bound, in stds from the mean")),
        aliases=(("PyTorch", "torch.nn.init.trunc_normal_"), ("Keras", "keras.initializers.TruncatedNormal"),
                 ("JAX", "jax.nn.initializers.truncated_normal")),
        namesakes=("keras.truncated_normal", "jax.truncated_normal"),
    ),
    Definition(
        "variance_scaling", "Mean 0 and a variance divided by the layer's fan: all those below in one.",
        "Var W = scale / n, n = fan_in, fan_out or their mean", "He, Zhang, Ren & Sun 2015, eq. 10 and 14",
        variance_scaling,
        (Parameter("scale", 1.0, "variance times fan", above=0.0),
         Parameter("mode", "fan_in", "which fan divides, or their arithmetic or geometric mean", MODES),
         Parameter("distribution", "normal", "its shape", ("normal", "truncated_normal", "uniform"))),
        aliases=(("Keras", "keras.initializers.VarianceScaling"),
                 ("JAX", "jax.nn.initializers.variance_scaling")),
        namesakes=("keras.variance_scaling", "jax.variance_scaling"),
    ),
    Definition(
        "xavier_normal", "Keeps activations and gradients of one size through tanh layers; "
        + _PLAIN.format("mode=fan_avg,distribution="),
        "W ~ gain · N(0, 2 / (fan_in + fan_out))", _GLOROT + "12", _special(1.0, "fan_avg", "normal"),
        _GAIN, "gain", (("PyTorch", "torch.nn.init.xavier_normal_"),),
        namesakes=("keras.glorot_normal", "jax.glorot_normal"),
    ),
    Definition(
        "xavier_uniform", "Keeps activations and gradients of one size through tanh layers.",
        "W ~ gain · U[±√(6 / (fan_in + fan_out))]", _GLOROT + "16", _special(1.0, "fan_avg", "uniform"),
        _GAIN, "gain",
        (("PyTorch", "torch.nn.init.xavier_uniform_"), ("Keras", "keras.initializers.GlorotUniform"),
         ("JAX", "jax.nn.initializers.glorot_uniform")),
    ),
    Definition(
        "he_normal", "Keeps activations of one size through relu layers; "
        + _PLAIN.format("scale=2,distribution="),
        "W ~ gain · N(0, 2 / fan_in)", _HE, _special(2.0, "fan_in", "normal"), _GAIN, "gain",
        (("PyTorch", "torch.nn.init.kaiming_normal_"),),
        namesakes=("keras.he_normal", "jax.he_normal"),
    ),
    Definition(
        "he_uniform", "Keeps activations of one size through relu layers.",
        "W ~ gain · U[±√(6 / fan_in)]", _HE, _special(2.0, "fan_in", "uniform"), _GAIN, "gain",
        (("PyTorch", "torch.nn.init.kaiming_uniform_"), ("Keras", "keras.initializers.HeUniform"),
         ("JAX", "jax.nn.initializers.he_uniform")),
    ),
    Definition(
        "lecun_normal", "Keeps pre-activations at the size of the inputs; " + _PLAIN.format("distribution="),
        "W ~ gain · N(0, 1 / fan_in)", _LECUN, _special(1.0, "fan_in", "normal"), _GAIN, "gain",
        (("PyTorch", "torch.nn.init.kaiming_normal_(nonlinearity='linear')"),),
        namesakes=("keras.lecun_normal", "jax.lecun_normal"),
    ),
    Definition(
        "lecun_uniform", "Keeps pre-activations at the size of the inputs.",
        "W ~ gain · U[±√(3 / fan_in)]", _LECUN, _special(1.0, "fan_in", "uniform"), _GAIN, "gain",
        (("PyTorch", "torch.nn.init.kaiming_uniform_(nonlinearity='linear')"),
         ("Keras", "keras.initializers.LecunUniform"), ("JAX", "jax.nn.initializers.lecun_uniform")),
    ),
    Definition(
        "scaled_randn", "A standard normal over √fan_in, as courses write it (the same as lecun_normal).",
        "W = gain · randn / √fan_in", "Nielsen, ch. 3, weight initialization",
        _special(1.0, "fan_in", "normal"), _GAIN, "gain",
        (("NumPy", "np.random.randn(fan_out, fan_in) / np.sqrt(fan_in)"),),
        namesakes=("keras.lecun_normal", "jax.lecun_normal"),
    ),
    Definition(
        "orthogonal", "A random rotation: rows or columns of length gain at right angles; for weights only.",
        "W = gain · Q, QᵀQ = 1 or QQᵀ = 1", "Saxe, McClelland & Ganguli 2014",
        lambda fan_in, fan_out, kernel, gain: Orthogonal(gain, max(fan_in, fan_out // kernel)), _GAIN, "gain",
        (("PyTorch", "torch.nn.init.orthogonal_"), ("Keras", "keras.initializers.Orthogonal"),
         ("JAX", "jax.nn.initializers.orthogonal")), axes=2,
    ),
    Definition(
        "abs_randn", "The absolute value of a standard normal: its mean is not zero.", "W ~ scale · |N(0, 1)|",
        "NumPy's abs of random.randn", lambda fan_in, fan_out, scale: HalfNormal(scale), _SCALE, "scale",
        (("NumPy", "np.abs(np.random.randn)"),),
    ),
    Definition(
        "xavier_literal", "Xavier as some texts misprint it: what should be the std is taken for the variance.",
        "Var W = gain² · √(2 / (fan_in + fan_out))", "a misprint of " + _GLOROT + "12",
        lambda fan_in, fan_out, gain: Normal(0.0, gain * sqrt(sqrt(2 / (fan_in + fan_out)))), _GAIN, "gain",
        namesakes=("torch.xavier_normal_", "keras.glorot_normal", "jax.glorot_normal"),
    ),
    Definition(
        "glorot_standard", "Common before Xavier, and PyTorch's default: too small, signals fade layer by layer.",
        "W ~ gain · U[±1 / √fan_in]", _GLOROT + "1",
        lambda fan_in, fan_out, gain: variance_scaling(fan_in, fan_out, 1 / 3, "fan_in", "uniform", gain),
        _GAIN, "gain",
        (("PyTorch", "torch.nn.init.kaiming_uniform_(a=math.sqrt(5))"), ("PyTorch", "torch.nn.Linear")),
        namesakes=("keras.glorot_uniform", "jax.glorot_uniform"),
    ),
    Definition(
        "identity", "Passes unit i on as unit i; for the weights of dense layers only.",
        "W = gain · I", "Le, Jaitly & Hinton 2015",
        lambda fan_in, fan_out, kernel, gain: Identity(gain, max(fan_in, fan_out)), _GAIN, "gain",
        (("NumPy", "np.eye"), ("PyTorch", "torch.nn.init.eye_"), ("Keras", "keras.initializers.Identity"),
         ("JAX", "jnp.eye")), axes=2,
    ),
    Definition(
        "sparse", "A share of the weights of each input is 0 (Martens keeps 15 weights of each unit instead); "
        "for the weights of dense layers only.",
        "W ~ N(0, std²), with ⌈sparsity · fan_out⌉ zeros for each input", "Martens 2010",
        lambda fan_in, fan_out, kernel, std, sparsity: Sparse(std, sparsity, fan_out),
        (Parameter("std", 0.01, "standard deviation of what is not zero", minimum=0.0),
         Parameter("sparsity", 0.9, "share of zeros", minimum=0.0, below=1.0)),
        aliases=(("PyTorch", "torch.nn.init.sparse_"),), axes=2,
    ),
    Definition(
        "dirac", "Passes channel i on as channel i; for the weights of convolutions only.",
        "W[i, i, centre] = 1, else 0", "Zagoruyko & Komodakis 2017",
        lambda fan_in, fan_out, kernel: Dirac(1.0, max(fan_in, fan_out) // kernel, kernel),
        aliases=(("PyTorch", "torch.nn.init.dirac_"),), axes=3,
    ),
    Definition(
        "delta_orthogonal", "A random rotation of the channels at the kernel's centre; for convolutions only.",
        "W[:, :, centre] = gain · Q, QᵀQ = 1, else 0", "Xiao et al. 2018",
        lambda fan_in, fan_out, kernel, gain: DeltaOrthogonal(gain, fan_out // kernel, kernel), _GAIN, "gain",
        (("JAX", "jax.nn.initializers.delta_orthogonal"),), axes=3,
    ),
    Definition(
        "lsuv", "Orthogonal, then each layer divided by the std of its z on a batch of the data, from input to output.",
        "W = Q / std(z)", "Mishkin & Matas 2016, algorithm 1",
        lambda fan_in, fan_out, kernel: Orthogonal(1.0, max(fan_in, fan_out // kernel)), axes=2,
        alone="without a network and its data, these are orthogonal weights before they are divided by the std of z",
    ),
    Definition(
        "fixup", "he_normal, but the last layer of each residual block and of the network is 0 and the others of a "
        "block are divided.",
        "W ~ L^(-1/(2m-2)) · N(0, 2 / fan_in), L blocks of m layers; the last 0", "Zhang, Dauphin & Ma 2019, section 3",
        lambda fan_in, fan_out, kernel: variance_scaling(fan_in, fan_out, 2.0, "fan_in", "normal"), axes=2,
        alone="without a network, these are the he_normal weights of a layer that is in no block and not the last",
    ),
)

CATALOGUE: Mapping[str, Definition] = MappingProxyType({d.name: d for d in _DEFINITIONS})
"""Every initializer by name, in the order of the lab's picker."""
