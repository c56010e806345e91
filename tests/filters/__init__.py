"""Event patterns held against AWS's own engine."""
