"""The results store; the only SQL."""
