"""Classifiers of any source, opened with their weights and the preprocessing of their author."""
