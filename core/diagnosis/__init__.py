"""Which failure, whose fault, and what would help: findings and verdicts from forecasts and records of training."""

from initscope.core.diagnosis.findings import CODES, Blame, Finding, Remedy
from initscope.core.diagnosis.remedies import Candidate, ranked
from initscope.core.diagnosis.verdict import Verdict, forecast_verdict, lane_verdict

__all__ = ["CODES", "Blame", "Candidate", "Finding", "Remedy", "Verdict", "forecast_verdict", "lane_verdict", "ranked"]
