"""What works: each model of a source described, counted, exported and compared with its reference on each backend."""
