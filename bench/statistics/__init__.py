"""From samples to results; pure functions."""
