"""Data sets: by name, from files, from mirrors, generated."""
