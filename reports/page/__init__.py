"""What all pages share: templates and tables."""
