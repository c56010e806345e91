"""Stream record -> change event -> topic. Runs in Lambda, or as a poller where there is no Lambda."""
