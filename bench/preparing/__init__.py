"""What the workers of a group share, made once by `bench.assets`: weights, inputs, and the outputs of the reference."""
