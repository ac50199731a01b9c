"""Two builds, or two settings, against each other."""
