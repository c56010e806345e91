"""The embedded log: topics and positions in one SQLite file that many processes read and write at once."""
