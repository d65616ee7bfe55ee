"""What viewers really experienced: sessions as their players report them, and sums over them (docs/analytics.md)."""
