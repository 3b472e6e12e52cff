"""How often something may be done that takes time from training."""

SHARE = 0.05
"""Of the time that may go into it."""


class Pace:
    """Due every `every` seconds, and more seldom where once takes longer than SHARE of that."""

    def __init__(self, every: float) -> None:
        self._every = self.interval = every
        """`interval`: seconds from one time to the next, as things are."""
        self._last: float | None = None

    def due(self, now: float) -> bool:
        """By a monotonic clock; one that was set back does not hold it up."""
        return self._last is None or not 0 <= now - self._last < self.interval

    def begin(self, now: float) -> None:
        self._last = now

    def cost(self, seconds: float) -> None:
        """What the last time took."""
        self.interval = max(self._every, seconds / SHARE)
