"""Build the Lambda layers from pinned, checksummed wheels. Standard library only: runs before any install."""
