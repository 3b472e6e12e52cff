"""Findings and verdicts as plain values, ready for strict JSON."""

from typing import Any

from initscope.core.diagnosis.findings import Finding
from initscope.core.diagnosis.verdict import Verdict
from initscope.core.jsonnumber import json_number


def finding_document(one: Finding) -> dict[str, Any]:
    """What is not finite is None."""
    remedy = {"words": one.remedy.words, "changes": dict(one.remedy.changes)} if one.remedy else None
    evidence = {name: json_number(value) for name, value in one.evidence}
    return {
        "code": one.code, "layers": list(one.layers), "evidence": evidence, "cause": one.cause,
        "blame": one.blame.value, "remedy": remedy, "reference": one.reference, "sure": one.sure,
    }  # fmt: skip


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    return {
        "healthy": verdict.healthy,
        "words": verdict.words,
        "causes": [{"cause": blame.value, "sure": sure} for blame, sure in verdict.causes],
        "findings": [finding_document(one) for one in verdict.findings],
    }
