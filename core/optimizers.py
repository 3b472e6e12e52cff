"""The catalogue of optimizers: what each does, by which formula, and its parameters.

How they make a step is in `optimizersteps`. In the formulas η is the learning rate of the step.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from initscope.core.catalogue import Entry, Parameter, Value, look_up, read_parameters, write_call


@dataclass(frozen=True)
class Definition(Entry):
    """An update rule of the catalogue."""

    parameters: tuple[Parameter, ...] = ()
    usual_lr: float = 0.1
    """A learning rate to start from, with cross-entropy."""


@dataclass(frozen=True)
class Optimizer:
    """An update rule with its parameter values; the learning rate is the spec's own."""

    definition: Definition
    values: tuple[tuple[str, Value], ...]

    @property
    def name(self) -> str:
        return self.definition.name

    def __str__(self) -> str:
        return write_call(self.name, self.definition.parameters, dict(self.values))


_MOMENTUM = Parameter("momentum", 0.9, "share of the last step that is kept", minimum=0.0, below=1.0)
_EPS = Parameter("eps", 1e-8, "keeps the quotient finite", above=0.0)
_ADAM = (
    Parameter("beta1", 0.9, "decay of the mean of the gradient", minimum=0.0, below=1.0),
    Parameter("beta2", 0.999, "decay of the mean square", minimum=0.0, below=1.0),
    _EPS,
)

CATALOGUE: Mapping[str, Definition] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Definition("sgd", "Plain gradient descent.", "w ← w − η g", "Robbins & Monro (1951)"),
            Definition(
                "momentum",
                "Gradient descent with a velocity that remembers earlier steps.",
                "v ← μ v − η g;  w ← w + v",
                "Polyak (1964); Sutskever et al. (2013), eqs. 1 and 2",
                (_MOMENTUM,),
                usual_lr=0.01,
            ),
            Definition(
                "nesterov",
                "Momentum that looks one step ahead.",
                "v ← μ v − η g;  w ← w + μ v − η g",
                "Nesterov (1983); Bengio et al., Advances in optimizing recurrent networks (2013), eq. 7",
                (_MOMENTUM,),
                usual_lr=0.01,
            ),
            Definition(
                "adam",
                "Steps of about η in each weight, whatever the size of the gradient.",
                "w ← w − η m̂ / (√v̂ + ε)",
                "Kingma & Ba, Adam (2015), algorithm 1",
                _ADAM,
                usual_lr=0.001,
            ),
            Definition(
                "rmsprop",
                "Divides the gradient by the root of its recent mean square, weight by weight.",
                "v ← ρ v + (1 − ρ) g²;  w ← w − η g / (√v + ε)",
                "Tieleman & Hinton, Neural Networks for Machine Learning (2012), lecture 6.5; ε as in PyTorch",
                (
                    Parameter(
                        "rho", 0.99, "decay of the mean square, 0.9 on the slide and in Keras", minimum=0.0, below=1.0
                    ),
                    _EPS,
                ),
                usual_lr=0.001,
            ),
            Definition(
                "adagrad",
                "Divides the gradient by the root of the sum of all its squares, weight by weight.",
                "s ← s + g²;  w ← w − η g / (√s + ε)",
                "Duchi, Hazan & Singer (2011), figure 1, diagonal; s starts at 0 as in PyTorch",
                (replace(_EPS, default=1e-10),),
                usual_lr=0.01,
            ),
            Definition(
                "adamw",
                "Adam that also shrinks every weight and bias, whatever its gradient.",
                "w ← w − η λ w;  w ← w − η m̂ / (√v̂ + ε)",
                "Loshchilov & Hutter, Decoupled weight decay (2019), algorithm 2; η λ as in PyTorch",
                (*_ADAM, Parameter("weight_decay", 0.01, "λ: a step takes the share η λ off", minimum=0.0)),
                usual_lr=0.001,
            ),
        )
    }
)


def optimizer(text: str) -> Optimizer:
    """`'momentum:momentum=0.95'` -> the optimizer. Raises InputError with close names."""
    definition, given = look_up("optimizer", CATALOGUE, text)
    return Optimizer(definition, tuple(read_parameters(definition.name, definition.parameters, given).items()))
