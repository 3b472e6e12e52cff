"""An explanation in sentences for people, and as plain values for JSON."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from initscope.core.counterfactual.changes import Change, Suspect
from initscope.core.counterfactual.results import Answer, Explanation, Outcome, Trial
from initscope.core.jsonnumber import json_number
from initscope.core.plural import plural

TRIED = {
    Suspect.DATA: "standardizing the inputs",
    Suspect.INITIALIZATION: "another initialization",
    Suspect.SCHEDULE: "changing the schedule",
    Suspect.LEARNING_RATE: "changing the learning rate",
    Suspect.ACTIVATION: "changing the activation",
    Suspect.DEPTH: "fewer layers",
    Suspect.BATCH: "changing the batch size",
}
KEPT = {
    Suspect.DATA: "Same network, same examples",
    Suspect.INITIALIZATION: "Same network, same batches",
    Suspect.SCHEDULE: "Same network, same batches",
    Suspect.LEARNING_RATE: "Same network, same batches",
    Suspect.ACTIVATION: "Same layers, same batches",
    Suspect.DEPTH: "Same batches",
    Suspect.BATCH: "Same network",
}
"""What stays as it is when a suspect is changed."""
TRIED_MANY = 4
"""From so many changes on they are counted, not named."""


def number(value: float) -> str:
    """A loss of three digits at most."""
    if not isfinite(value):
        return "not finite"
    return f"{value:.3g}" if value >= 0.01 or value == 0 else f"{value:.1e}"


def percent(value: float) -> str:
    return f"{100 * value:.0f}%" if isfinite(value) else "unknown"


def seeds_words(trial: Trial) -> str:
    """`3 of 3 seeds`."""
    return f"{trial.learned} of {plural(len(trial.outcomes), 'seed')}"


def course(trial: Trial) -> str:
    """`loss 2.30 -> 0.21, accuracy 10% -> 94% in 300 steps (3 of 3 seeds)`, or that it diverged."""
    made = f"in {plural(trial.steps, 'step')}"
    if trial.diverged:
        where = "" if trial.diverged == len(trial.outcomes) else f" with {trial.diverged} of the seeds"
        return f"loss {number(trial.loss_before)}, and it diverges{where} {made} ({seeds_words(trial)})"
    loss = f"loss {number(trial.loss_before)} -> {number(trial.loss_after)}"
    accuracy = f"accuracy {percent(trial.accuracy_before)} -> {percent(trial.accuracy_after)}"
    return f"{loss}, {accuracy} {made} ({seeds_words(trial)})"


def conclusion(found: Explanation) -> list[str]:
    """The paragraphs: whether it learns; whose fault it is, with the proof; what else was tried; what to do."""
    paragraphs = [_as_it_is(found)]
    if not found.learns and found.answers:
        proven = [_proof(found, answer, also=place > 0) for place, answer in enumerate(found.causes)]
        innocent = [f"{_tried(answer)}: {_no(answer)}" for answer in found.answers if not answer.cures]
        if proven:
            proven[0] += "".join(f"; {words}" for words in innocent)
            paragraphs += [f"{words}." for words in proven]
        else:
            so_far = "" if found.complete else " so far"
            within = f" in {_up_to(found.answers)}" * any(answer.open for answer in found.answers)
            paragraphs.append(f"No single change cures it{within}{so_far}. {_capital('; '.join(innocent))}.")
            paragraphs += [_when_nothing_helps(found)] * found.complete
    return paragraphs + _warm_up(found)


def _warm_up(found: Explanation) -> list[str]:
    """A warm-up that has not ended, whatever came of it."""
    spec, made = found.spec, found.own_steps
    warmup = int(dict(spec.schedule.values)["warmup"])
    if made >= warmup:
        return []
    reached = f"{spec.lr * made / warmup:.2g} of {spec.lr:g}"
    return [f"Its warm-up takes {plural(warmup, 'step')}: in {made:,} the learning rate got to {reached}."]


def _as_it_is(found: Explanation) -> str:
    original, constant = found.original, found.constant
    ran = course(original)
    beat = f"one answer for every input has loss {number(constant.loss)} and is right for {percent(constant.accuracy)}"
    if not found.learns:
        luck = " It is a matter of the seed, but mostly it does not." if original.learned else ""
        rest = f" It may yet: it has {plural(found.untried, 'step')}, too many to try." if found.untried else ""
        return f"It does not learn: {ran}; {beat}.{luck}{rest}"
    own = original.outcomes[0].learns
    luck = "" if own else f" With its own seed, {original.outcomes[0].seed}, it has not: that is chance, not a cause."
    if found.by_heart(original):
        return f"It learns by heart: {ran}; {beat}, and {_in_the_test(original)}. Look at the data.{luck}"
    return f"It learns: {ran}; {beat}. There is nothing to accuse.{luck}"


def _in_the_test(trial: Trial) -> str:
    return f"of the test examples only {percent(trial.test_accuracy)} are right"


def _proof(found: Explanation, answer: Answer, also: bool) -> str:
    best = answer.best
    assert best.change is not None
    kept = f"{KEPT[answer.suspect]}, {best.change.words}"
    proof = f"{_capital(str(answer.suspect))}: yes{' as well' * also}. {kept}: {course(best)}"
    return proof + f", but by heart: {_in_the_test(best)}" * found.by_heart(best)


def _tried(answer: Answer) -> str:
    changes = [trial.change.words for trial in answer.trials if trial.change]
    many = len(changes) >= TRIED_MANY or answer.suspect is Suspect.DATA
    noun = "values" if answer.suspect is Suspect.LEARNING_RATE else "tried"
    what = "" if answer.suspect is Suspect.DATA else f" ({f'{len(changes)} {noun}' if many else ', '.join(changes)})"
    some = f", {seeds_words(answer.best)}" if answer.best.learned else ""
    return f"{TRIED[answer.suspect]}{what}{some}"


def _no(answer: Answer) -> str:
    """A no, or only that it took too long: of what may yet learn nobody knows."""
    return f"not in {_up_to([answer])}" if answer.open else "no"


def _up_to(answers: Sequence[Answer]) -> str:
    """`300 steps`, or `up to 3,000 steps` where some changes were given fewer."""
    steps = {trial.steps for answer in answers for trial in answer.trials}
    return "up to " * (len(steps) > 1) + plural(max(steps), "step")


def _when_nothing_helps(found: Explanation) -> str:
    return (
        f"So either more than one thing is wrong, or it takes more than {plural(found.steps, 'step')}, or these labels "
        "cannot be learned from these inputs: look at the data."
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


# For JSON


def report(found: Explanation) -> dict[str, Any]:
    """All of it as plain values, ready for strict JSON; what is not finite is None."""
    return {
        "name": found.spec.name,
        "command": found.spec.command(),
        "learns": found.learns,
        "learned_by_heart": found.by_heart(found.original),
        "causes": [answer.suspect.name.lower() for answer in found.causes],
        "remedy": _change(found.remedy),
        "complete": found.complete,
        "seeds": list(found.seeds),
        "steps": found.steps,
        "original_steps": found.own_steps,
        "constant_answer": {"loss": json_number(found.constant.loss), "accuracy": json_number(found.constant.accuracy)},
        "original": _trial(found.original),
        "suspects": [
            {
                "suspect": answer.suspect.name.lower(),
                "cures": answer.cures,
                "open": answer.open,
                "steps": answer.steps,
                "best": _change(answer.best.change),
                "learned_by_heart": found.by_heart(answer.best),
                "trials": [_trial(trial) for trial in answer.trials],
            }
            for answer in found.answers
        ],
        "conclusion": conclusion(found),
    }


def _change(change: Change | None) -> dict[str, Any] | None:
    return None if change is None else {"words": change.words, "options": dict(change.changes)}


def _trial(trial: Trial) -> dict[str, Any]:
    runs = [_outcome(outcome) for outcome in trial.outcomes]
    return {"change": _change(trial.change), "steps": trial.steps, "learned": trial.learned, "runs": runs}


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "seed": outcome.seed,
        "loss": [json_number(outcome.loss_before), json_number(outcome.loss_after)],
        "accuracy": [json_number(outcome.accuracy_before), json_number(outcome.accuracy_after)],
        "test_accuracy": json_number(outcome.test_accuracy),
        "diverged": outcome.diverged,
        "learns": outcome.learns,
        "alive": outcome.alive,
    }
