"""Makes the built-in starter model: writes its lessons, trains, converts and examines it."""
