"""Experiments that answer a question, with what they are expected to show."""
