"""Whole histories of recordings and live streams: the real functions and services over a cloud that misbehaves."""
