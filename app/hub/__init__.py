"""Models: those on this machine and those of the Hugging Face hub."""
