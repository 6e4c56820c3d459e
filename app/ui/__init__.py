"""The window and its panels: widgets, item models and what they look like."""
