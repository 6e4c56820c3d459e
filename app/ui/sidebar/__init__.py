"""All chats: find one, open one, put them in order."""
