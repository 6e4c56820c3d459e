"""The settings page: every setting described once, checked where it is typed."""
