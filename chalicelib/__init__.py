"""What runs in the cloud: entry points, services, adapters and the pure domain."""

__version__ = "0.1.0"
