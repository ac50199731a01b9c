"""The reports of the rank studies."""
