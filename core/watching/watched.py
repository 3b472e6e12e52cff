"""A network that somebody else's loop trains, as it is watched: what was recorded, and what that means."""

import threading
import warnings
from dataclasses import dataclass, replace
from math import isfinite, nan
from typing import Any, Protocol

import numpy as np

from initscope.core.blas import one_thread
from initscope.core.datasets.data import Dataset
from initscope.core.diagnosis.case import Case
from initscope.core.diagnosis.lanerules import already_learning
from initscope.core.diagnosis.outlook import STEPS
from initscope.core.diagnosis.record import ENOUGH_STEPS, Record
from initscope.core.diagnosis.verdict import Verdict, lane_verdict
from initscope.core.errors import InputError
from initscope.core.history import Samples
from initscope.core.probes import INDEX, PROBES
from initscope.core.probeschedule import ProbeSchedule
from initscope.core.snapshot import MEASURES, LaneSnapshot, Measures, Snapshot, Status
from initscope.core.spec import Spec
from initscope.core.states import State, layer_states, reading
from initscope.core.watching.losses import Losses, number
from initscope.core.watching.parameters import Parameters, arrays_of, read
from initscope.core.watching.probing import Probe, distributions
from initscope.core.watching.start import Start, not_finite
from initscope.core.watching.words import NOTHING_KNOWN, Findings, summary


class Prober(Protocol):
    """Measures a network; see `probing.Computed` and `handed.Handed`."""

    @property
    def alone(self) -> bool:
        """Whether it needs nothing to be handed over."""
        ...

    def look(self, parameters: Parameters, before: Any, activations: Any, gradients: Any) -> Probe: ...

    def keep(self, parameters: Parameters) -> Any: ...

    def on_all(self) -> Measures | None: ...


@dataclass(frozen=True, eq=False)
class Plan:
    """What is known of a watched network before it is trained."""

    spec: Spec
    dataset: Dataset | None
    start: Start
    schedule: ProbeSchedule
    steps: int | None
    """Updates that will be made, if that is known."""
    judged: bool
    """Whether it is such a network as forecasts are made for: dense layers in a chain, with data."""
    per_epoch: float
    """Updates of an epoch; NaN if not known."""
    turned: bool
    """Whether the person's weights are (in, out)."""
    tested: bool
    """Whether there are examples for a test."""


class Watched:
    """A network in training. Made by `watch`; `step` after every update, the rest whenever one wants to know.

    Arrays that are watched are only read. Memory is bounded, however long the training.
    """

    def __init__(self, params: Any, prober: Prober, plan: Plan, activations: Any) -> None:
        self.plan, self._params, self._prober = plan, params, prober
        self.steps = 0
        """Updates noted so far."""
        self._status = Status.TRAINING
        self._final: Measures | None = None
        self._losses = Losses()
        self._measures = Samples((len(MEASURES),))
        self._probes = Samples((len(plan.spec.architecture.layers), len(PROBES)))
        self._odd: dict[str, str] = {}
        """What is odd about what was handed over, in words."""
        self._verdict: tuple[tuple[int, int], Verdict] | None = None  # after so many steps, measured at that one
        self._lock = threading.Lock()
        """A screen looks from another thread."""
        self._broken = not_finite([arrays_of(Parameters((layer,), ())) for layer in read(params).layers])
        self._begun = [array.copy() for array in arrays_of(read(params))]
        self._before: Any = None
        """What is compared with the next step's, if that will be measured."""
        self._first = self._now = self._look(None, activations, None)
        self._plan_next()

    @property
    def spec(self) -> Spec:
        """The run as far as it is known, with as many steps as are planned, or else were made, or else are usual."""
        planned, made = self.plan.steps, self.steps
        return replace(self.plan.spec, steps=max(planned, made) if planned else made if made >= ENOUGH_STEPS else STEPS)

    @property
    def judged(self) -> bool:
        """Whether all rules of the lab apply, not those on states alone."""
        return self.plan.judged and self._now.measures is not None

    @property
    def due(self) -> bool:
        """Whether the next `step` will measure: only then are activations and gradients looked at."""
        return self._status is not Status.DIVERGED and self.steps + 1 == self._next

    def step(self, loss: Any = None, *, params: Any = None, grads: Any = None, activations: Any = None) -> None:
        """Note that one update was made: to be called once after every update.

        `loss` is that of the batch, before the update, averaged over its examples. `params` replaces what is watched,
        where the update has made new containers. `activations` are those of every layer, or of the hidden ones, for
        any batch; `grads` those of the weights: both are looked at only if `due`, and where they are not computed.
        Raises InputError.
        """
        with self._lock:
            if self._status is Status.DIVERGED:
                return
            if self.due and activations is None and not self._prober.alone:
                raise InputError(
                    f"step {self.steps + 1:,} is to be measured: hand over activations=[...]; `due` tells when they "
                    "are needed"
                )
            value = None if loss is None else number(loss)
            broken = value is not None and not isfinite(value)
            if value is not None and not broken:
                self._losses.report(self.steps, value)
            self._params = self._params if params is None else params
            self.steps += 1
            if self._status is Status.FINISHED:  # it goes on beyond its plan
                self._status, self._final = Status.TRAINING, None
            if broken or self.steps >= self._next:
                self._now = self._look(self._before, activations, grads)
                self._mind_end(broken)
                self._mind_stale()
                self._plan_next()
            elif self.steps + 1 == self._next:
                self._before = self._prober.keep(read(self._params))

    def _look(self, before: Any, activations: Any, gradients: Any) -> Probe:
        """Measure and record."""
        with np.errstate(all="ignore"), one_thread():
            found = self._prober.look(read(self._params), before, activations, gradients)
        values = found.measures.values if found.measures else [nan] * len(MEASURES)
        self._measures.add(self.steps, np.array(values))
        self._probes.add(self.steps, found.layers)
        self._losses.measure(self.steps, values[0])
        return found

    def _plan_next(self) -> None:
        """When to measure next; what is there now is kept if that is the next step."""
        self._next = self.plan.schedule.after(self.steps)
        if self.plan.steps and self.steps < self.plan.steps:
            self._next = min(self._next, self.plan.steps)
        self._before = self._prober.keep(read(self._params)) if self._next == self.steps + 1 else None

    def _mind_end(self, broken: bool) -> None:
        """Whether it has diverged, or is finished as planned."""
        found = self._now
        sick = bool((found.layers[:, INDEX["non_finite"]] > 0).any())
        self._status, self._final = Status.TRAINING, None
        if sick or (found.measures and not isfinite(found.measures.train_loss)):
            self._status = Status.DIVERGED
        elif broken:
            self._odd["loss"] = (
                f"the loss reported at step {self.steps:,} is no finite number, though every weight and activation is: "
                "is there a log(0) in it?"
            )
        if self.steps == self.plan.steps and self._status is Status.TRAINING:
            self._status = Status.FINISHED
        if self._status is not Status.TRAINING:
            with np.errstate(all="ignore"), one_thread():
                self._final = self._prober.on_all()

    def _mind_stale(self) -> None:
        """Programs that make new arrays leave us with the old ones."""
        if self._begun and self.steps >= 2:
            now = arrays_of(read(self._params))
            if all(np.array_equal(one, other) for one, other in zip(now, self._begun, strict=True)):
                self._odd["stale"] = (
                    f"neither a weight nor a bias has changed in {self.steps} steps: if every update makes new arrays, "
                    "hand them over by step(params=...), or give watch a function that returns them"
                )
                warnings.warn(self._odd["stale"], UserWarning, stacklevel=3)
            else:
                self._odd.pop("stale", None)
            self._begun = []

    def snapshot(self, measure: bool = True) -> Snapshot:
        """All that was recorded, as the lab shows it.

        Without `measure` it is as it was measured last, and may be asked for from another thread than the loop's.
        """
        lane = self._up_to_date(measure)
        return Snapshot(lane.step, (lane,), 0.0, lane.status is not Status.TRAINING)

    def states(self) -> tuple[State, ...]:
        """The state of each layer now, or when it was measured last. Raises InputError while nothing is known."""
        lane = self._up_to_date()
        if not self._known:
            raise InputError(NOTHING_KNOWN)
        return tuple(layer_states(lane))

    def verdict(self, measure: bool = True) -> Verdict:
        """What is wrong now and whose fault that is, by the rules of the lab. `measure` is as `snapshot` has it."""
        lane = self._up_to_date(measure)
        seen = lane.step, int(lane.probe_steps[-1])
        if self._verdict is None or self._verdict[0] != seen:
            self._verdict = seen, self._judge(lane)
        return self._verdict[1]

    def findings(self, measure: bool = True) -> Findings:
        """What was found, the most important first; they print as lines for people."""
        first = self.plan.spec.architecture.layers[0].weight_shape
        return Findings.of(self.verdict(measure).findings, first, self.plan.turned)

    def notes(self) -> tuple[str, ...]:
        """What is odd about what was handed over, and what the verdict does not take into account."""
        found = list(self._odd.values())
        ratio = self._losses.ratio
        if ratio is not None and not self._losses.alike:
            found.append(
                f"the reported loss is about {ratio:.3g} times the {self.spec.loss} loss that is measured, so it is "
                "counted in another way: curves and verdict are of the measured one"
            )
        if not self.judged:
            found.append(
                "layers are judged by their states alone: forecasts, and with them causes, are for dense layers in a "
                "chain, with x, y and the outputs"
            )
        return tuple(found)

    def text(self, measure: bool = True) -> str:
        """What it prints, and below that its findings if there are any. `measure` is as `snapshot` has it."""
        found = self.findings(measure)
        return "\n\n".join([self._summary(measure), *[str(found)] * bool(found)])

    def __str__(self) -> str:
        return self._summary()

    def _summary(self, measure: bool = True) -> str:
        lane, verdict = self._up_to_date(measure), self.verdict(measure)
        states = layer_states(lane) if self._known else []
        return summary(lane, self.plan.start.words, states, verdict, self.notes(), self.plan.tested)

    def __repr__(self) -> str:
        return f"<watched {self.plan.spec.architecture}, step {self.steps:,}>"

    @property
    def _known(self) -> bool:
        """Whether the activations of the hidden layers were seen at the last measurement."""
        return all(a is not None for a in self._now.activations[:-1])

    def _up_to_date(self, measure: bool = True) -> LaneSnapshot:
        """The lane as it is at this very step, which is measured if it can be and was not yet."""
        with self._lock:
            possible = measure and self._prober.alone and self._status is Status.TRAINING
            if possible and self._probes.latest_step != self.steps:
                self._now = self._look(None, None, None)
            return self._view()

    def _judge(self, lane: LaneSnapshot) -> Verdict:
        data, broken = self.plan.dataset, self._broken
        if broken:
            return Verdict((broken,), ((broken.blame, broken.sure),), False, f"{broken.blame.value}: {broken.cause}")
        if data is not None and self.judged:
            with np.errstate(all="ignore"):
                return lane_verdict(lane, data)
        if data is not None and (record := Record(lane, Case(lane.spec, data))).learned:
            found = already_learning(record)
            return Verdict((found,), ((found.blame, found.sure),), True, found.cause)
        if not self._known:
            return Verdict((), (), False, NOTHING_KNOWN)
        healthy = lane.status is not Status.DIVERGED and set(layer_states(lane)) == {State.HEALTHY}
        return Verdict((), (), healthy, reading(lane))

    def _view(self) -> LaneSnapshot:
        curve, measures, probes = self._losses.curve(), self._measures.value, self._probes.value
        # A look between two scheduled ones does not know the last step's change: the one before tells about as much.
        ratio = probes[:, :, INDEX["update_ratio"]]
        for at in range(1, len(ratio)):
            if np.isnan(ratio[at]).all():
                ratio[at] = ratio[at - 1]
        return LaneSnapshot(
            index=0,
            spec=self.spec,
            status=self._status,
            step=self.steps,
            epoch=self.steps / self.plan.per_epoch,
            loss=float(curve.mean[-1]) if len(curve.mean) else float(measures[0, 0]),
            losses=curve,
            probe_steps=self._measures.step,
            measures=measures,
            probes=probes,
            layer_names=tuple(layer.name for layer in self.plan.spec.architecture.layers),
            final=self._final,
            distributions=distributions(self._now, self._first, self.plan.spec.activation.range),
        )
