"""Weights that somebody saved: read safely, whatever the file, and understood as layers."""

from initscope.core.weights.layers import Layering, LayerWeights, find_layers
from initscope.core.weights.opening import open_weights
from initscope.core.weights.tensor import Tensor, Weights

__all__ = ["LayerWeights", "Layering", "Tensor", "Weights", "find_layers", "open_weights"]
