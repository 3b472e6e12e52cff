"""What the lab is doing, in the few words of its title."""

from initscope.core.plural import plural
from initscope.core.snapshot import Snapshot
from initscope.tui import views
from initscope.tui.following import Following
from initscope.tui.session import Session


def activity(session: Session, snapshot: Snapshot | None, pace: int | None, rewind: str, unicode: bool) -> str:
    """`pace` is in steps a frame, None for full speed; `rewind` is the key that rewinds."""
    if isinstance(session, Following):
        return _following(session, snapshot)
    speed = "" if pace is None else f"{plural(pace, 'step')}/frame"
    if session.playing and snapshot:
        return f"{'▶' if unicode else 'running'} {speed or f'{views.number(snapshot.steps_per_second)} steps/s'}"
    if snapshot and snapshot.ended:
        return f"ended · {rewind} rewinds"
    return f"paused · {speed or 'full speed'}"


def _following(session: Following, snapshot: Snapshot | None) -> str:
    """What the process does that trains the lanes."""
    speed = f", {views.number(snapshot.steps_per_second)} steps/s" if snapshot and session.playing else ""
    return f"run {session.run_id[-2:]} {session.run.status} elsewhere{speed}"
