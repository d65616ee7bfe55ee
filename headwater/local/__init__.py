"""The embedded cloud: AWS emulated, Lambda workers run for real, one origin in front."""
