"""Chats in and out: our own lossless archive, other programs' exports, pages for people.

Foreign formats become archived conversations first (`chatgpt`, `claude`, `openai`), so one
place saves them and one place recognises duplicates.
"""
