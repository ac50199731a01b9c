"""What all figures share: styles, layout, pictures."""
