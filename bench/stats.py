"""Statistics of a measurement: derived when asked for, never stored."""
