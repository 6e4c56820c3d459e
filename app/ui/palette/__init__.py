"""The command palette: everything the window can do, by typing a few letters of it."""
