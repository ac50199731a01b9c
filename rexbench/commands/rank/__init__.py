"""Rank of layer outputs: the paper's claim in random layers, whole networks and trained ones."""

TITLE, METAVAR = "studies", "STUDY"
