"""The contract: the change event, its bytes, its topic, and what stands in a dead letter.

Everything else in the project depends on this package; it depends on none of it.
"""
