"""How results look; nothing here measures or needs torch."""
