"""How a census is shown."""
