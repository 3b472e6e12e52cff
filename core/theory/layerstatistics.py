"""What is said of a layer with weights, whether theory expects it or a batch has shown it."""

from dataclasses import dataclass
from math import hypot


@dataclass(frozen=True)
class LayerStatistics:
    """Statistics of one layer; the names are those of the probes (probes.py). What does not apply is NaN."""

    name: str
    z_mean: float
    """Mean of z over units and inputs."""
    z_std: float
    """Standard deviation of z over units and inputs together (Poole et al. 2016, eq. 3)."""
    z_std_over_inputs: float
    """Of what depends on the input: root of the variance over inputs, averaged over units."""
    z_std_over_units: float
    """Of the offset between units: standard deviation over units of their mean z."""
    correlation: float
    """E[z z'] / E[z²] for two inputs (Poole et al. 2016, eq. 4 and 5); 1 if they cannot be told apart."""
    saturated_low: float
    saturated_high: float
    """Shares of units and inputs."""
    dead_units: float
    """Share of units that are off for every input of a batch."""
    activation_mean: float
    std_over_inputs: float
    std_over_units: float
    """Of activations, as those of z."""
    forward_gain: float
    """E[a²] over that of the layer below, or of the input."""
    gradient_rms: float
    """Root mean square of dC_x/dz."""
    backward_gain: float
    """E[δ²] over that of the layer above, δ = dC/dz (Glorot & Bengio 2010, eq. 6; He et al. 2015, eq. 13)."""

    @property
    def z_rms(self) -> float:
        """Root mean square of z."""
        return hypot(self.z_mean, self.z_std)

    @property
    def activation_std(self) -> float:
        """Over units and inputs together."""
        return hypot(self.std_over_inputs, self.std_over_units)

    @property
    def saturated(self) -> float:
        """Share on either flat side."""
        return self.saturated_low + self.saturated_high
