"""What is claimed about speed, runnable."""
