"""Ranks inside whole networks, block by block."""
