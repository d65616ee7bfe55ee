"""Everything that touches the world: AWS, FFmpeg, the clock."""
