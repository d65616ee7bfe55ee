"""What happens to recordings and streams, told to whoever asked: events, signatures, targets, deliveries."""
