"""Checks of networks and of saved weights, without any training."""
