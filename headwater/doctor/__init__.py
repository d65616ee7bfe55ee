"""`headwater doctor`: looks at an installation from outside, inside and through AWS, and words what is wrong."""
