"""What became of the older turns: read, edited, taken back, written again."""
