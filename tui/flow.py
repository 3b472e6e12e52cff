"""How fast frames may follow one another, from how long the line takes to bring them to the terminal.

Terminals answer a question (where the cursor is) once all that was written before it has arrived. Nothing else says
so: between the program and the person, a connection takes in up to megabytes before any write has to wait.
"""

from collections.abc import Callable
from time import monotonic

BUDGET = 1000.0
"""Bytes a second for frames that nobody asked for, where one wants to draw for a slow line."""
ASK_EVERY = 0.5
"""Seconds between two questions on a good line; on a slow one every frame is followed by one."""
LOST, LONGEST_LOST = 10.0, 300.0
"""Seconds after which an answer is not awaited any more, twice as many after each that was lost: it may have gone to
nobody, as between `dtach` and the next one to attach, or a connection stands still."""
TRIES = 3
"""Questions that a terminal may leave unanswered before none is asked again."""
LONGEST_TRIP = 0.6
"""Seconds; what takes longer than this is not distance, but bytes under way."""
SLUGGISH, BRISK = 0.3, 20_000.0
"""Seconds beyond the shortest answer that make a line slow, if twice in a row or more than LATE; bytes a second that
make it good again."""
JITTER, EASES, LEAST = 0.05, 3, 300
"""Seconds that say nothing; frames in a row, of so many bytes, that must have gone well."""
CLEAR, LONGEST_CLEAR = 10.0, 300.0
"""Seconds without a write that had to wait after which a line is good again, where the terminal gives no answers;
twice as many after each time that this was wrong."""
LATE = 1.0
"""Seconds beyond the shortest answer after which nothing more is sent before it comes."""
LONGEST_REST = 2.0


class Flow:
    """`slow` as the person wants it, None for as the line turns out to be. Times are seconds of a monotonic clock."""

    def __init__(self, slow: bool | None = None, clock: Callable[[], float] = monotonic) -> None:
        self._wanted, self._clock = slow, clock
        self._found = False
        """Whether the line has turned out to be slow."""
        self._asked: float | None = None
        """When the question was asked whose answer is awaited."""
        self._last_asked = -LOST
        self._answered, self._unanswered = False, 0
        self._bytes = self._before = 0
        """Sent since the last question, and between the last one and that before."""
        self._shortest = LONGEST_TRIP
        self._strikes = self._eases = 0
        self._blocked, self._clear = -LONGEST_CLEAR, CLEAR / 2
        """When a write had to wait last; CLEAR as it is by now."""
        self._rest = -LOST
        """When frames may go on."""

    @property
    def slow(self) -> bool:
        """Whether to draw little, and the most important first."""
        return self._found if self._wanted is None else self._wanted

    @property
    def awaiting(self) -> bool:
        """Whether an answer is under way that will come, as far as one can know."""
        return self._asked is not None and self._answered and self._age() < self._patience

    @property
    def late(self) -> bool:
        """Whether so much is under way that not even what was asked for would be seen soon."""
        return self._overdue(LATE)

    @property
    def ready(self) -> bool:
        """Whether a frame may be sent that nobody asked for."""
        if self.slow:
            return not self.awaiting and self._clock() >= self._rest
        return not self._overdue(SLUGGISH)

    @property
    def asks(self) -> bool:
        """Whether to ask now."""
        if self._asked is not None and self._age() < self._patience:
            return False
        if not self._answered and self._unanswered >= TRIES:
            return False
        return self.slow or self._clock() - self._last_asked >= ASK_EVERY

    def sent(self, size: int) -> None:
        """A frame of so many bytes was written."""
        self._bytes += size
        if self._found and not self._answered and self._clock() - self._blocked > self._clear:
            self._found = False
        if self._wanted or (self.slow and not self._answered):
            self._rest_until(max(self._rest, self._clock()) + size / BUDGET)

    def ask(self) -> None:
        """The question was written."""
        self._asked = self._last_asked = self._clock()
        self._unanswered += 1
        self._before, self._bytes = self._bytes, 0

    def answer(self, time: float | None = None) -> None:
        """The answer came, at that time or now."""
        if self._asked is None:
            return
        took = max((self._clock() if time is None else time) - self._asked, 0.0)
        if self._unanswered < 2:  # else it may be the answer to an earlier question
            self._shortest = min(self._shortest, took)
        self._asked, self._answered, self._unanswered = None, True, 0
        self._judge(took - self._shortest, self._before)

    def blocked(self, seconds: float) -> None:
        """The terminal let a write wait for so long."""
        self._blocked = self._clock()
        if seconds > SLUGGISH:
            self._judge(seconds, 0)

    def forget(self) -> None:
        """What was asked will not be answered: the terminal was somebody else's meanwhile."""
        self._asked = None

    def heard(self) -> None:
        """Something came from the terminal: it is there, and what it has not answered for so long it never will."""
        if self._age() > LOST:
            self.forget()

    @property
    def _patience(self) -> float:
        return min(LOST * 2.0 ** (self._unanswered - 1), LONGEST_LOST) if self._answered else LOST

    def _overdue(self, by: float) -> bool:
        return self.awaiting and self._age() > self._shortest + by

    def _age(self) -> float:
        return self._clock() - self._asked if self._asked is not None else 0.0

    def _judge(self, delay: float, size: int) -> None:
        """The line took so much longer than for nothing: let it rest as long, and draw the conclusion."""
        if delay > SLUGGISH:
            self._strikes, self._eases = self._strikes + (2 if delay > LATE else 1), 0
            if self._strikes > 1 and not self._found:
                self._found, self._clear = True, min(2 * self._clear, LONGEST_CLEAR)
        elif delay <= JITTER + size / BRISK:
            self._strikes = 0
            self._eases += size >= LEAST
            self._found = self._found and self._eases < EASES
        else:
            self._eases = 0
        self._rest_until(self._clock() + delay)

    def _rest_until(self, time: float) -> None:
        self._rest = min(max(self._rest, time), self._clock() + LONGEST_REST)
