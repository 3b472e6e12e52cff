"""Runs of many hours, and their JSON read strictly."""

import json

LONG = ("run", "--init", "rand", "--init", "randn", "--steps", "100000000")
"""A run that would take hours."""


def strict(text: str) -> dict:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)
