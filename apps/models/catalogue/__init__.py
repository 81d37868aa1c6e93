"""Models known beforehand: the files under data/, checked when they are read."""

from apps.models.catalogue.entries import Entry, Licence, Sampling, Version
from apps.models.catalogue.loader import (
    CatalogueBroken,
    find_entry,
    load_catalogue,
    read_catalogue,
    source_url,
)

__all__ = [
    "CatalogueBroken",
    "Entry",
    "Licence",
    "Sampling",
    "Version",
    "find_entry",
    "load_catalogue",
    "read_catalogue",
    "source_url",
]
