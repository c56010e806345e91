"""The four real servers on this machine: fetched, checked, cached, started and stopped."""
