"""The models page: those on this computer, those of the hub, and what is on its way here."""
