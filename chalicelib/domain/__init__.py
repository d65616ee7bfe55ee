"""Decisions as pure functions: no AWS, no clock, no randomness, no environment."""
