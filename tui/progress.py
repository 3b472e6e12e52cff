"""Progress bars of what takes time without a screen, on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

from initscope.core.snapshot import Snapshot


@contextmanager
def bar(*columns: ProgressColumn, plain: bool) -> Iterator[Progress]:
    """A bar of these columns, without the bar itself and uncoloured where `plain`. Draws when told, not by a thread."""
    shown = [column for column in columns if not (plain and isinstance(column, BarColumn))]
    console = Console(stderr=True, color_system=None if plain else "auto")
    with Progress(*shown, console=console, auto_refresh=False, transient=True) as made:
        made.console.show_cursor(True)  # a second Ctrl+C kills, and nobody would bring the cursor back
        yield made


@contextmanager
def progress(total: int, plain: bool) -> Iterator[Callable[[Snapshot], None]]:
    """A bar to `total` steps that shows the snapshots it is given."""
    rate = TextColumn("{task.percentage:>3.0f}%  step {task.completed:,.0f} of {task.total:,.0f}  {task.fields[rate]}")
    remaining = TimeRemainingColumn(compact=True)
    with bar(TextColumn("training"), BarColumn(bar_width=None), rate, remaining, plain=plain) as made:
        task = made.add_task("", total=total, rate="")
        made.refresh()  # at once, because measuring the start of a large network takes a while
        shown: Snapshot | None = None

        def show(snapshot: Snapshot) -> None:
            nonlocal shown
            if snapshot is not shown:
                shown = snapshot
                made.update(task, completed=snapshot.step, rate=f"{snapshot.steps_per_second:,.0f} steps/s")
                made.refresh()

        yield show
