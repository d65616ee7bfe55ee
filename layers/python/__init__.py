"""The layer of Python packages that every function has."""
