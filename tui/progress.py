"""The progress bar of a run without a screen, on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from initscope.core.snapshot import Snapshot


@contextmanager
def progress(total: int, plain: bool) -> Iterator[Callable[[Snapshot], None]]:
    """A bar to `total` steps that shows the snapshots it is given; numbers alone, uncoloured, where `plain`.

    Draws when told, never from a thread.
    """
    bar = Progress(
        TextColumn("training"),
        *([] if plain else [BarColumn(bar_width=None)]),
        TextColumn("{task.percentage:>3.0f}%  step {task.completed:,.0f} of {task.total:,.0f}  {task.fields[rate]}"),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True, color_system=None if plain else "auto"),
        auto_refresh=False,
        transient=True,
    )
    with bar:
        bar.console.show_cursor(True)  # a second Ctrl+C kills, and nobody would bring the cursor back
        task = bar.add_task("", total=total, rate="")
        bar.refresh()  # at once, because measuring the start of a large network takes a while
        shown: Snapshot | None = None

        def show(snapshot: Snapshot) -> None:
            nonlocal shown
            if snapshot is not shown:
                shown = snapshot
                bar.update(task, completed=snapshot.step, rate=f"{snapshot.steps_per_second:,.0f} steps/s")
                bar.refresh()

        yield show
