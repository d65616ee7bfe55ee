"""Shared pieces of the tests: in-memory ports and builders."""
