"""What Lambda itself brings to a function, for running packages on this machine."""
