"""Use cases over the small Protocols of ports.py."""
