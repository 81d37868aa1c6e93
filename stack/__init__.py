"""The ground: `make run` on one machine. Standard library only."""
