"""Which changes go on to longer runs, where the first ones did not tell."""

from initscope.core.counterfactual.changes import Change, Suspect
from initscope.core.counterfactual.results import Answer, Explanation, Trial

RUNNERS = 4
"""Changes of one suspect that go on, at most."""


def runners(found: Explanation) -> list[Change]:
    """The best of what may yet learn, of every suspect whose word could still count.

    That is any, until a change cures; then only those that leave the network what it is, as one of them would come
    first; and once one of those does, only an initialization that is on its way: it is what was asked about.
    """
    cured, settled = bool(found.causes), any(answer.suspect.same_network for answer in found.causes)
    chosen: list[Change] = []
    for answer in found.answers:
        counts = answer.suspect.same_network or not cured
        if settled:
            counts = answer.suspect is Suspect.INITIALIZATION and answer.promising
        if counts and not answer.cures:
            chosen += [trial.change for trial in _best(answer, found) if trial.change]
    return chosen


def _best(answer: Answer, found: Explanation) -> list[Trial]:
    """By loss where it has fallen, then by how much of the input arrives in the answers."""

    def key(trial: Trial) -> tuple[int, int, float]:
        return -trial.learned, -found.level(trial), -trial.signal

    return sorted((trial for trial in answer.trials if trial.alive or trial.learned), key=key)[:RUNNERS]
