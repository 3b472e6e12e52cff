"""Watching a network that somebody else's loop trains: probes, states, findings and verdict as in the lab."""

from initscope.core.watching.begin import watch
from initscope.core.watching.watched import Watched
from initscope.core.watching.words import Findings

__all__ = ["Findings", "Watched", "watch"]
