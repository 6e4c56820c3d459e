"""Where people write: the editor, what is attached, what waits in the queue."""
