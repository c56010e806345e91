"""What each group makes of an event: one pure file each."""
