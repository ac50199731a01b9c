"""Test the paper's claim about rank: in random layers, in whole networks, and in trained networks."""

TITLE, METAVAR = "studies", "STUDY"
