"""Translations between what clients speak and what upstreams speak: pure functions on bytes."""
