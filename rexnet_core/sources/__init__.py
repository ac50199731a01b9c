"""Where models come from: ours by name, those of packages, a user's own code, and files. One file for each source."""
