"""The report of published numbers."""
