"""The live push agent: takes any encoder's stream, spools it as segments on disk, and delivers every one of them."""
