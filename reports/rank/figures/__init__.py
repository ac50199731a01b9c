"""Figures of the rank studies: frames in, figures out."""
