"""Numbers as strict JSON takes them."""

from math import isfinite


def json_number(value: float | None) -> float | None:
    """None, which becomes null, for what is not finite or does not apply."""
    return float(value) if value is not None and isfinite(value) else None
