"""The layer that holds PyAV at python/av."""
