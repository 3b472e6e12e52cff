"""What can be taken out of the lab: the command that opens the same lanes, and files of them."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from initscope.tui.app import LabApp
from initscope.tui.labview import LabView
from initscope.tui.portable import Kind

if TYPE_CHECKING:
    from initscope.core.counterfactual.results import Explanation
    from initscope.core.runs import RunInfo
    from initscope.tui.drawing import Drawing


class PortableLab(LabView):
    """What holds the lanes holds the guests as well; what runs them again is about the lab's own alone."""

    proof: "Explanation | None" = None
    """The last that was completed; in reports as long as its lane is in the lab."""

    def command(self) -> str:
        from initscope.tui.copying import comparison_command

        return comparison_command(self.comparison)

    def beside_command(self) -> str:
        return self._about_guests("The line is of the lab's own lanes, without these: ", ".")

    def _about_guests(self, before: str, after: str) -> str:
        """`lanes 3 to 4 are run 20261122-080344-89, as saved at step 1,000`, between other words; empty without any."""
        number, parts = len(self.comparison.lanes), list[str]()
        for run, group in groupby(self.guests, key=lambda guest: guest.run_id):
            guests = list(group)
            first, number = number + 1, number + len(guests)
            lanes = f"lane {first} is" if first == number else f"lanes {first} to {number} are"
            parts.append(f"{lanes} run {run}, as saved at step {guests[0].past.snapshot.step:,}")
        return f"{before}{'; '.join(parts)}{after}" if parts else ""

    def stem(self) -> str:
        return self.session.run_id or super().stem()

    def drawings(self) -> "Sequence[Drawing]":
        from initscope.tui import labdrawings

        if self.snapshot is None:
            return ()
        return [make(self.snapshot, self.choice) for make in labdrawings.CHARTS]

    def kinds(self) -> list[Kind]:
        """Every export of the lanes, each chart alone, and the screen."""
        from initscope.tui import labsaving

        proof = self.proof if self.proof and self.proof.spec in (*self.specs, *self.guests.specs) else None
        lanes = labsaving.Lanes(
            self.comparison, dict(self.datasets), self.session, self._run_on_disk, proof, tuple(self.guests),
            self.guests.numbered(len(self.comparison.lanes)), self._about_guests("", ""),
        )  # fmt: skip
        return [*labsaving.kinds(lanes), *self.charts(), *self.pictures()]

    def charts(self) -> list[Kind]:
        """As on every screen, but curves are drawn as reports have them."""
        from initscope.tui import labsaving

        drawn = labsaving.chart_kinds(self.snapshot, self.choice) if self.snapshot else ()
        named = {one.name: one for one in drawn}
        return [named.get(one.name, one) for one in super().charts()]

    def _run_on_disk(self) -> "RunInfo | None":
        run_id = self.session.run_id
        store = self.app.open_store() if isinstance(self.app, LabApp) and self.app.open_store else None
        return store.info(run_id) if store and run_id else None
