"""Where a model may come from, and what is known of it before it is built."""
