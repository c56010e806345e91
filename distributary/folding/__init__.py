"""The log, folded: what it says shall stand under each key, held against what a read model holds (design section 9)."""
