"""Reading and checking the catalogue's files."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from apps.models.catalogue.entries import Entry, Licence, Version

DATA = Path(__file__).parent / "data"
CHECKOUT = Path(__file__).parents[3]

_ENTRIES = TypeAdapter(list[Entry])
_LICENCES = TypeAdapter(list[Licence])


class CatalogueBroken(ValueError):
    """A file of the catalogue does not say what it should; the message names it."""


@cache
def load_catalogue() -> Mapping[str, Entry]:
    """Every entry by name, in the order of the files. Raises CatalogueBroken."""
    return read_catalogue(DATA)[0]


@cache
def load_licences() -> Mapping[str, Licence]:
    return read_catalogue(DATA)[1]


def find_entry(name: str) -> Entry | None:
    return load_catalogue().get(name)


def licence_of(entry: Entry) -> Licence:
    return load_licences()[entry.licence]


def source_url(entry: Entry, version: Version, *, source: str) -> str:
    """Where a version is fetched from; `source` is the address of a model hub or its mirror."""
    return f"{source.rstrip('/')}/{entry.repository}/resolve/main/{version.file}"


def bundled_path(entry: Entry, version: Version) -> Path:
    """Where a built-in model's file lies in this checkout."""
    return CHECKOUT / entry.bundled / version.file


def size_of(entry: Entry, version: Version) -> int:
    if not entry.built_in:
        return version.size_bytes
    path = bundled_path(entry, version)
    return path.stat().st_size if path.exists() else 0


def read_catalogue(folder: Path) -> tuple[Mapping[str, Entry], Mapping[str, Licence]]:
    """(entries by name, licences by id) of a folder of YAML files. Raises CatalogueBroken."""
    licences = {row.id: row for row in _read(folder / "licences.yaml", _LICENCES)}
    entries: dict[str, Entry] = {}
    for path in sorted(folder.glob("models-*.yaml")):
        for entry in _read(path, _ENTRIES):
            if entry.name in entries:
                raise CatalogueBroken(f"{path.name}: {entry.name} is there twice.")
            if entry.licence not in licences:
                raise CatalogueBroken(f"{path.name}: {entry.name} has an unknown licence.")
            entries[entry.name] = entry
    return entries, licences


def _read(path: Path, shape: TypeAdapter[Any]) -> Any:
    try:
        return shape.validate_python(yaml.safe_load(path.read_text()))
    except (ValidationError, yaml.YAMLError) as error:
        raise CatalogueBroken(f"{path.name}: {error}") from error
