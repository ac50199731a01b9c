"""The networks ReXNet is compared with."""
