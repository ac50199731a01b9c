"""Spectra of layer outputs, and the ranks read off them."""
