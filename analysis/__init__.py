"""What a model costs and what it can express; nothing here reads a clock."""
