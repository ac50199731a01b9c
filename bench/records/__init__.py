"""Plain facts, stored and sent: cases, settings, measurements, runs."""
