"""Live streams: pure rules. Encoders' epochs, the window viewers see, packaging, and the words of the socket."""
