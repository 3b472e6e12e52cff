"""What the tests of proofs share: lanes of small data sets, and what an inquiry finds of them."""

from functools import cache

from initscope.core.counterfactual.explain import explain
from initscope.core.counterfactual.results import Explanation
from initscope.core.datasets.data import Dataset, load
from initscope.core.learning import Constant
from initscope.core.spec import Spec, read

DIGITS = load("digits")
CONSTANT = Constant(1.0, 0.5)


def spec_of(dataset: Dataset = DIGITS, **options: str) -> Spec:
    return read({key.replace("_", "-"): value for key, value in options.items()}, dataset, "lane")


def last(spec: Spec, dataset: Dataset = DIGITS, **more: int) -> Explanation:
    *_, found = explain(spec, dataset, **more)
    assert isinstance(found, Explanation)
    return found


@cache
def of_rand() -> Explanation:
    return last(spec_of(init="rand"))
