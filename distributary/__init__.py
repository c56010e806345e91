"""The operator: runs the pipeline and shows what it does. Imports everything; nothing imports it."""
