"""A run from its first to its last round."""
