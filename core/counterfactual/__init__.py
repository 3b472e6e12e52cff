"""Proof by counterfactual: the same network again with one thing changed."""
