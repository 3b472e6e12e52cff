"""The numeric core of initscope: initializers, networks, training, probes. numpy only, no screen."""

__version__ = "0.1.0"
