"""Findings from the record of a run, in the numbers that were recorded."""

from dataclasses import replace

from initscope.core.diagnosis import rate, scheduled
from initscope.core.diagnosis.findings import Blame, Finding, evidence, short
from initscope.core.diagnosis.record import Record
from initscope.core.plural import plural


def already_learning(record: Record) -> Finding:
    """Nothing to mend."""
    accuracy, constant = record.lane.latest.train_accuracy, record.case.constant.accuracy
    cause = (
        f"it learns: {accuracy:.1%} of the training examples are right, {constant:.1%} by a constant answer, and its "
        f"loss is {record.fall:.0%} below that one's"
    )
    found = evidence(accuracy=accuracy, constant_accuracy=constant, loss_below_constant=record.fall)
    return Finding("already-learning", (), found, cause, Blame.NONE, None, "", 0.95)


def too_high(record: Record, sure: float) -> Finding:
    """Steps that were too large, by what they did."""
    before, lane = rate.too_high(record.case, sure), record.lane
    constant = record.case.constant.loss
    if record.diverged:
        seen = f"the loss is no longer a finite number after {plural(lane.step, 'step')}"
    elif record.died:
        were, dead = (f"{share:.0%}" for share in record.killed)
        seen = f"the first steps killed {dead} of a layer's units, {were} were dead before"
    elif record.flattened:
        flat, were = f"{record.flat(1):.0%}", f"{record.flat(0):.0%}"
        seen = f"the first step put {flat} of a layer's activations where they are flat, {were} were there before"
    elif record.peak > 1:
        now = short(lane.latest.train_loss)
        seen = f"the loss went up to {short(record.peak)} times that of the start and is {now}"
    else:
        seen = f"the loss is {short(lane.latest.train_loss)}, where a constant answer has {short(constant)}"
    most = record.update(last=False)  # 0 where every step that was measured overflowed
    stride = f"; a step changed weights by up to {short(most)} of their size" if most else ""
    cause = f"with a learning rate of {short(lane.spec.lr)} {seen}{stride}"
    found = evidence(learning_rate=lane.spec.lr, peak=record.peak, loss=lane.latest.train_loss, constant_loss=constant,
                     update_ratio=record.update(last=False))  # fmt: skip
    return replace(before, cause=cause, evidence=found)


def too_low(record: Record, sure: float) -> Finding:
    """Steps that were too small, by how far they came."""
    before, lane = rate.too_low(record.case, sure), record.lane
    eaten = scheduled.words(lane.spec, lane.spec.total_steps(record.case.dataset.n_train))
    cause = (
        f"after {plural(lane.step, 'step')} with a learning rate of {short(lane.spec.lr)}{eaten} the loss is "
        f"{short(lane.latest.train_loss)}, {abs(record.fall):.1%} {'below' if record.fall > 0 else 'above'} that of a "
        "constant answer; a step changes weights "
        f"by {short(record.update(last=True))} of their size"
    )
    found = evidence(learning_rate=lane.spec.lr, loss=lane.latest.train_loss, loss_below_constant=record.fall,
                     update_ratio=record.update(last=True))  # fmt: skip
    return replace(before, cause=cause, evidence=found)


def non_finite(record: Record) -> Finding:
    """Numbers overflowed, and nothing before training foretold it."""
    cause = f"after {plural(record.lane.step, 'step')} the loss or a weight is no longer a finite number"
    found = evidence(steps=record.lane.step, update_ratio=record.update(last=False))
    return Finding("non-finite", (), found, cause, Blame.LEARNING_RATE, rate.remedy(record.case, lower=True), "", 0.6)


def constant_answer(record: Record) -> Finding:
    """It answers no better than one class for every input, and no cause stands out."""
    lane, constant = record.lane, record.case.constant.loss
    answers = "one class" if record.one_answer else f"{lane.latest.classes_predicted:.0f} classes"
    cause = (
        f"after {plural(lane.step, 'step')} it answers {answers} for all inputs, right for "
        f"{lane.latest.test_accuracy:.1%}, and its loss is {short(lane.latest.train_loss)}, where a constant answer "
        f"has {short(constant)}"
    )
    found = evidence(classes_answered=lane.latest.classes_predicted, accuracy=lane.latest.test_accuracy,
                     loss=lane.latest.train_loss, constant_loss=constant)  # fmt: skip
    return Finding("constant-answer", (), found, cause, Blame.INITIALIZATION, None, "", 0.4)
