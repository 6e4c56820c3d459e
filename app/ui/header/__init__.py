"""Above the conversation: which model answers, and how full its context is."""
