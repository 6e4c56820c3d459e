"""Everything the app keeps: conversations, their search index, backups, transfer and settings.

The only room that imports apsw. Verbs are module functions that take a transaction first and
return frozen values; `database` decides on which thread they run.
"""
