"""Lambda as it is on AWS, as near as a Linux kernel comes to it: deployed code in a cell of its own."""
