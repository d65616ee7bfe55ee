"""One module per Lambda: parse, call, respond."""
