"""What keys, users and teams may use, counted in Redis for all gateway processes at once."""
