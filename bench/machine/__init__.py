"""What the machine is and does: environment, interference, lock, temporary folders, signals."""
