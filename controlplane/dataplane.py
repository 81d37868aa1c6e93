"""The data plane as this process mounts it."""
