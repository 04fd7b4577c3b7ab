"""Training runs: from a collection to refined scores (Algorithm 2)."""
