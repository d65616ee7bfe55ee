"""Faults of the machinery: a real stack whose every call to AWS passes a proxy that can kill, refuse, delay and cut."""
