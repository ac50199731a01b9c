"""What a comparison can see on this machine: the same build against itself."""
