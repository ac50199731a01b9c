"""What the suites share: interleaved timing of callables, and the tools that ours is compared with."""
