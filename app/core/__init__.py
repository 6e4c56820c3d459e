"""Values, ids, protocols and pure arithmetic shared by every room; imports no other room."""
