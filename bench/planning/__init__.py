"""What will be measured: plans, presets, the configuration file."""
