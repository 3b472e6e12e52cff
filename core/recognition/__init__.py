"""Which initializer the weights of a layer look like."""
