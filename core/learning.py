"""What it means that a network learns: it is better by far than the best answer that ignores the input."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from initscope.core.datasets.data import Dataset
from initscope.core.losses import Loss
from initscope.core.snapshot import LaneSnapshot, Status
from initscope.core.spec import Spec

LOSS_FALL = 0.2
"""Share of the constant answer's loss that must be gone."""
ACCURACY_RISE = 0.25
"""Share of the examples outside of the largest class by which accuracy must exceed that class's share."""
TEST_RISE = 0.2
"""The same share of test examples, below which what was learned was learned by heart."""


@dataclass(frozen=True)
class Constant:
    """The best that can be done without looking at the input."""

    loss: float
    """Of answering every input with the shares of the classes."""
    accuracy: float
    """Of answering every input with the largest class: its share."""

    def loss_fall(self, loss: float) -> float:
        """The share of this loss that is gone: 0 is no better than a constant, 1 is perfect; negative is worse."""
        return 1 - loss / self.loss if self.loss > 0 else 0.0

    def accuracy_rise(self, accuracy: float) -> float:
        """The share of the examples outside of the largest class that is right on top of that class's."""
        return (accuracy - self.accuracy) / (1 - self.accuracy) if self.accuracy < 1 else 0.0

    def beaten_by(self, loss: float, accuracy: float) -> bool:
        """Whether a network with this training loss and accuracy has learned.

        Both must hold, and what is not finite holds nothing:
        - its loss is at least LOSS_FALL (a fifth) below that of the constant answer, and
        - its accuracy is above the largest class's share by ACCURACY_RISE (a quarter) of what is left to get right.

        Both are far from what chance does: a network that answers one class for every input has a rise of 0, and on
        the 256 examples of a probe hardly ever one of 0.1; one whose hidden units are all alike (zeros) reaches 0.24
        of MNIST with a fall under 0.1. Another seed of a network that learns passes as well, as it is past them by
        far. Of labels with one class alone nothing can be learned.
        """
        return bool(self.loss_fall(loss) >= LOSS_FALL and self.accuracy_rise(accuracy) >= ACCURACY_RISE)

    def by_heart(self, test_accuracy: float) -> bool:
        """Whether a network that has learned its training examples knows hardly more than a constant of the others.

        False where nothing is known of test examples: NaN.
        """
        return bool(self.accuracy_rise(test_accuracy) < TEST_RISE)


def constant_answer(labels: NDArray[np.int64], outputs: int, cost: Loss) -> Constant:
    """The best constant answer to labels (n,): p_k, the share of each class, which minimizes both losses.

    Cross-entropy is then the entropy -Σ p ln p in nats (Cover & Thomas, Elements of Information Theory, section
    2.1), the quadratic loss |a - y|²/2 is Σ p (1 - p)/2 on average: the Gini impurity, halved. One output for two
    classes has one term of the latter. Raises ValueError for a loss of another name.
    """
    shares = np.bincount(labels) / len(labels)
    p = shares[shares > 0]
    if cost.name == "cross_entropy":
        value = float(-(p * np.log(p)).sum())
    elif cost.name == "quadratic":
        value = float((shares * (1 - shares)).sum()) / (4 if outputs == 1 else 2)
    else:
        raise ValueError(f"no constant answer is known for the loss {cost.name}")
    return Constant(value, float(p.max()))


def constant_of(spec: Spec, dataset: Dataset) -> Constant:
    """The best constant answer to the training examples, by the loss of this run."""
    return constant_answer(dataset.y_train, spec.architecture.outputs, spec.loss)


def lane_learns(lane: LaneSnapshot, constant: Constant) -> bool:
    """Whether a lane has learned by now, by its latest measures of training examples; a diverged one has not."""
    latest = lane.latest
    return lane.status is not Status.DIVERGED and constant.beaten_by(latest.train_loss, latest.train_accuracy)
