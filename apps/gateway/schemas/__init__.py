"""What goes in and out over HTTP, split by noun."""
