"""What a schedule leaves of the learning rate: nothing if a warm-up does not end, or a fall comes too soon."""

from functools import lru_cache

import numpy as np

from initscope.core.rates import Schedule
from initscope.core.spec import Spec

EATEN = 0.1
"""Mean share of the learning rate below which a schedule is to be reckoned with: cosine and linear leave a half."""
LOOKED_AT = 500
"""Steps, in the middle of as many equal parts, that this is judged by."""


@lru_cache(maxsize=64)
def mean_factor(schedule: Schedule, steps: int, total: int) -> float:
    """Of the first `steps` updates of `total`; 1 of none."""
    if schedule.is_constant or steps < 1:
        return 1.0
    parts = min(steps, LOOKED_AT)
    places = ((np.arange(parts) + 0.5) * steps / parts).astype(int)
    return float(np.mean([schedule.factor(int(step), total) for step in places]))


def left(spec: Spec, total: int) -> float:
    """The mean share of the learning rate over a run, where its schedule eats nearly all of it; else 1."""
    found = mean_factor(spec.schedule, total, total)
    return found if found < EATEN else 1.0


def travelled(spec: Spec, steps: int, total: int) -> float:
    """How far the first `steps` updates get, as a share of the way that all of them can."""
    whole = total * mean_factor(spec.schedule, total, total)
    return steps * mean_factor(spec.schedule, steps, total) / whole if whole else 1.0


def words(spec: Spec, total: int) -> str:
    """`, of which its schedule leaves about 0.22% on average,`; empty where it leaves enough."""
    share = left(spec, total)
    return f", of which its schedule leaves about {100 * share:.2g}% on average," if share < 1 else ""
