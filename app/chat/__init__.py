"""Use cases between the doors (window, command line, HTTP) and the rooms that do the work."""
