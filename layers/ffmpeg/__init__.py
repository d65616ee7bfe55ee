"""The layer that holds FFmpeg at bin/ffmpeg."""
