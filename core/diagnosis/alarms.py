"""Findings as news: each fires once, and again only after it had been away."""

from initscope.core.diagnosis.findings import Blame, Finding
from initscope.core.diagnosis.verdict import Verdict

AWAY = 3
"""Verdicts in a row without a finding after which it can fire again: one that flickers does not fire each time."""


class Alarms:
    """What was reported of one lane so far."""

    def __init__(self, away: int = AWAY) -> None:
        self.away = away
        self._missing: dict[str, int] = {}
        """Of every code that has fired, for how many verdicts it has been away."""

    def news(self, verdict: Verdict) -> tuple[Finding, ...]:
        """The faults of this verdict that have not been reported, or not since they came back."""
        faults = [finding for finding in verdict.findings if finding.blame is not Blame.NONE]
        present = {finding.code for finding in faults}
        missing = {code: 0 if code in present else count + 1 for code, count in self._missing.items()}
        known = {code: count for code, count in missing.items() if count < self.away}
        fresh = tuple(finding for finding in faults if finding.code not in known)
        self._missing = known | {finding.code: 0 for finding in fresh}
        return fresh
