"""Artefacts that run without rexbench: a model with its preprocessing inside, verified, with a card and a check."""
