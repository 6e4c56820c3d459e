"""Values, ids, protocols and pure arithmetic that every room above shares; imports no other room."""
