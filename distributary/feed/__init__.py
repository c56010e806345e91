"""Stream records from files, handed to the bridge's handler as Lambda would (`distributary run --feed`, `feed`)."""
