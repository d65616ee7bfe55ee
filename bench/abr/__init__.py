"""How good the adaptive bitrate engine is: simulator, rivals, offline optimum and report (docs/abr.md)."""
