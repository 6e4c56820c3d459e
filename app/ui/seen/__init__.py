"""What the model sees of a chat, in exact tokens: the meter's figures and the page behind it."""
