"""Weight initializers: what they draw, from whom they are, and in which order they draw."""
