"""Topic -> projection -> read model: independent groups, each keeping one read model current from the log."""
