"""One file for each revision; a file that was released never changes."""
