"""The verdict: whose fault it is that a network does not learn, before training and from what was recorded."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from initscope.core.datasets.data import Dataset
from initscope.core.diagnosis import datarules, gradient, lanerules, rate, remedies, signal, symmetry
from initscope.core.diagnosis.case import Case
from initscope.core.diagnosis.centring import centred
from initscope.core.diagnosis.findings import Blame, Finding, Remedy, layers_words
from initscope.core.diagnosis.outlook import outlook
from initscope.core.diagnosis.record import Record
from initscope.core.snapshot import LaneSnapshot
from initscope.core.spec import Spec
from initscope.core.theory.forecast import Forecast

Rule = Callable[[Case], Finding | None]

DATA: tuple[Rule, ...] = (datarules.inputs_broken, datarules.inputs_constant, datarules.labels_unbalanced,
                          datarules.labels_broken)  # fmt: skip
CERTAIN: tuple[Rule, ...] = (symmetry.symmetric_units, symmetry.dead_units, signal.shifted, signal.flat,
                             signal.flat_output)
"""Of the initialization, whatever the learning rate. Causes before what follows from them: the first that holds."""
GROWING: tuple[Rule, ...] = (signal.exploding, signal.saturated, gradient.exploding)
FADING: tuple[Rule, ...] = (signal.vanishing, signal.indistinguishable, signal.exploding, gradient.vanishing)
"""What may be wrong with an initialization from which steps are too large, and from which they do not get far."""
WITHOUT_INPUT = ("inputs-broken", "inputs-constant")
"""With these faults the forecast says nothing."""
NO_INITIALIZER = (
    "no initializer keeps signal and gradient through so many layers of this activation: fewer layers, bn after each "
    "of them, or relu with he_normal"
)
SOME, FAR, LITTLE = 0.3, 1.0, 0.1
"""Powers of ten: of trouble, from where it may be what a record shows; between two shares, from where one is the cause;
of a share, below which a change would mend nothing."""
EVEN, LIKELY = 0.5, 0.8
"""How sure that a run learns the forecast is where it might as well not; and at most: it does not see how hard the
data are."""


@dataclass(frozen=True)
class Verdict:
    """What was found, and whose fault it is."""

    findings: tuple[Finding, ...]
    """The most important first; one cause is one finding."""
    causes: tuple[tuple[Blame, float], ...]
    """With how sure, from 0 to 1; the surest first."""
    healthy: bool
    """Nothing was found that is clearly wrong."""
    words: str
    """For people: what is wrong and what would help."""


def forecast_verdict(spec: Spec, dataset: Dataset, forecast: Forecast | None = None) -> Verdict:
    """Before any training, from theory and the data only."""
    case = Case(spec, dataset, forecast)
    found = _with_data(case, lambda: _of_run(case), failed=False)
    return _verdict(found) if found else _unaccused(outlook(centred(case)).learns)


def lane_verdict(lane: LaneSnapshot, dataset: Dataset, forecast: Forecast | None = None) -> Verdict:
    """From what was recorded so far; early on that is the forecast's."""
    case = Case(lane.spec, dataset, forecast)
    record = Record(lane, case)
    if record.learned:
        return _verdict([lanerules.already_learning(record)])
    unlearnable = _first(case, DATA) if record.by_heart else None  # what fits the training examples can be trained
    if unlearnable:
        return _verdict([unlearnable])
    if not record.settled:
        return forecast_verdict(lane.spec, dataset, forecast)
    return _verdict(_with_data(case, lambda: _of_run(case, record), failed=True))


def _with_data(case: Case, rest: Callable[[], list[Finding]], failed: bool) -> list[Finding]:
    """Faults of the data, and of the rest what is none of theirs."""
    data = _first(case, DATA)
    if data and data.code in WITHOUT_INPUT:
        return [data]
    found = rest()
    unscaled = datarules.inputs_not_scaled(case)
    if unscaled and (found or failed or datarules.drowning(case)):
        found = [unscaled, *_of_run(datarules.scaled(case))]
    return [data, *found] if data else found


def _of_run(case: Case, record: Record | None = None) -> list[Finding]:
    """An initialization that is wrong with any learning rate, or else steps that are too large or do not get far."""
    case = case if record else centred(case)  # what the record says is no matter of what may become of the mean
    certain = _first(case, CERTAIN)
    alone = not record and certain and certain.code == "symmetric-units" and symmetry.one_number_tells(case)
    if certain and not alone:
        return [certain]
    return _seen(record) if record else _uncertain(case)


def _uncertain(case: Case) -> list[Finding]:
    """Steps that are too large or do not get far: whose fault that is."""
    found = outlook(case)
    if not found.fails:
        return []
    blamed = _blamed(case, found.wild > found.slow, rate.too_high, rate.too_low)
    return [replace(one, sure=one.sure * (1 - found.learns)) for one in blamed]


def _seen(record: Record) -> list[Finding]:
    """What is wrong with a run that has not learned; the forecast tells from which of two causes the same may come."""
    case, found = record.case, outlook(record.case)
    wild = found.slow < FAR if record.wild else found.wild > FAR
    share = rate.shares(case, wild)
    if max(share.initialization, share.rate) < LITTLE and found.trouble < SOME:
        return [_unexplained(record)]
    return _blamed(case, wild, lambda _, sure: lanerules.too_high(record, sure),
                   lambda _, sure: lanerules.too_low(record, sure))  # fmt: skip


def _unexplained(record: Record) -> Finding:
    """Where the forecast knows nothing better: larger steps where there is room for them."""
    if record.diverged:
        return lanerules.non_finite(record)
    if not record.wild and rate.remedy(record.case, lower=False):
        return lanerules.too_low(record, 0.5)
    return lanerules.constant_answer(record)


def _blamed(
    case: Case, wild: bool, too_high: Callable[[Case, float], Finding], too_low: Callable[[Case, float], Finding]
) -> list[Finding]:
    """The initializer and the learning rate, in the order of what changing one alone would mend."""
    share = rate.shares(case, wild)
    init_first = share.initialization >= share.rate
    apart = abs(share.initialization - share.rate)
    sure = min(0.95, 0.6 + 0.15 * apart)
    rules = GROWING if wild else FADING
    init = _first(case, (*rules, signal.fallback))
    of_rate = (too_high if wild else too_low)(case, 1 - sure if init_first else sure)
    if not init:
        return [replace(of_rate, sure=sure)]
    init = replace(init, sure=sure if init_first else 1 - sure)
    if init.blame is Blame.ARCHITECTURE and share.rate < FAR:
        return [init]
    order = [init, of_rate] if init_first else [of_rate, init]
    return order[:1] if apart > FAR else order


def _first(case: Case, rules: Iterable[Rule]) -> Finding | None:
    """The first rule that holds: what follows from a cause is no finding of its own."""
    for rule in rules:
        finding = rule(case)
        if finding:
            return _with_remedy(case, finding)
    return None


def _with_remedy(case: Case, finding: Finding) -> Finding:
    """With the initializer that would help; if none would, it is the depth or the activation that is wrong."""
    if finding.remedy or finding.blame is not Blame.INITIALIZATION:
        return finding
    finding = replace(finding, layers=tuple(n for n in finding.layers if n <= len(case.hidden)))
    remedy = remedies.initialization(case)
    if remedy:
        return replace(finding, remedy=remedy)
    return replace(finding, blame=Blame.ARCHITECTURE, remedy=Remedy(NO_INITIALIZER))


def _unaccused(learns: float) -> Verdict:
    """Nothing is found, though it may be far from sure that the run learns."""
    words = "nothing is wrong with it" if learns > EVEN else "nothing is clearly wrong with it, but it may not learn"
    return Verdict((), ((Blame.NONE, min(LIKELY, learns)),), True, words)


def _verdict(findings: Sequence[Finding]) -> Verdict:
    """Findings in words; causes in the order of how sure they are."""
    wrong = [finding for finding in findings if finding.blame is not Blame.NONE]
    if not wrong:
        return Verdict(tuple(findings), ((Blame.NONE, findings[0].sure),), True, findings[0].cause)
    wrong.sort(key=lambda finding: -finding.sure)
    causes: dict[Blame, float] = {}
    for finding in wrong:
        causes[finding.blame] = max(causes.get(finding.blame, 0.0), finding.sure)
    order = sorted(causes.items(), key=lambda pair: -pair[1])
    first = wrong[0]
    help_ = f" What would help: {first.remedy.words}." if first.remedy else ""
    where = f", {layers_words(first.layers)}" if first.layers else ""
    words = f"{first.blame.value}{where}: {first.cause}.{help_}"
    return Verdict(tuple(wrong), tuple(order), False, words)
