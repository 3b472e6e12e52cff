"""What can be taken out of the lab: the command that opens the same lanes, and files of them."""

from typing import TYPE_CHECKING

from initscope.tui.app import LabApp
from initscope.tui.labview import LabView
from initscope.tui.portable import Kind

if TYPE_CHECKING:
    from initscope.core.counterfactual.results import Explanation
    from initscope.core.runs import RunInfo


class PortableLab(LabView):
    """Lanes of other runs that stand beside the lab's own are in its pictures and charts alone."""

    proof: "Explanation | None" = None
    """The last that was completed; in reports as long as its lane is in the lab."""

    def command(self) -> str:
        from initscope.tui.copying import comparison_command

        return comparison_command(self.comparison)

    def stem(self) -> str:
        return self.session.run_id or super().stem()

    def kinds(self) -> list[Kind]:
        """Every export of the lanes, each chart alone, and the screen."""
        from initscope.tui import labsaving

        proof = self.proof if self.proof and self.proof.spec in self.specs else None
        lanes = labsaving.Lanes(self.comparison, dict(self.datasets), self.session, self._run_on_disk, proof)
        drawn = labsaving.chart_kinds(self.snapshot, self.choice.test) if self.snapshot else []
        return [*labsaving.kinds(lanes), *drawn, *self.pictures()]

    def _run_on_disk(self) -> "RunInfo | None":
        run_id = self.session.run_id
        store = self.app.open_store() if isinstance(self.app, LabApp) and self.app.open_store else None
        return store.info(run_id) if store and run_id else None
