"""What theory expects of a network before any training."""
