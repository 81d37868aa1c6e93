"""The catalogue as one team sees it: what is here already, and what would fit."""

from collections.abc import Sequence
from typing import Any

from apps.accounts.models import Team
from apps.core.errors import NotFound
from apps.models.catalogue import Entry, Version, find_entry, load_catalogue
from apps.models.catalogue.loader import licence_of, size_of
from apps.models.fit import NodeMemory, Shape, estimate_memory, fit_on_node
from apps.models.models import AIModel
from apps.models.queries.ai_models import list_catalogue_copies
from apps.models.queries.expected_facts import expected_facts, known_facts
from apps.models.queries.placement import node_memory
from apps.nodes import queries as node_queries

USUAL_CONTEXT = 4096
USUAL_SLOTS = 2

Room = tuple[str, NodeMemory]


def list_catalogue(*, team: Team, task: str = "", search: str = "") -> list[dict[str, Any]]:
    """Every entry with its versions, the team's copies of them, and how they would fit."""
    copies, rooms = list_catalogue_copies(team=team), _rooms(team)
    words = search.lower().split()
    return [
        _entry(entry, copies, rooms)
        for entry in load_catalogue().values()
        if (not task or task in entry.tasks) and all(word in _searchable(entry) for word in words)
    ]


def get_catalogue_entry(*, team: Team, name: str) -> dict[str, Any]:
    """Raises NotFound."""
    entry = find_entry(name)
    if entry is None:
        raise NotFound(f"The catalogue has no model {name}.")
    return _entry(entry, list_catalogue_copies(team=team), _rooms(team))


def _rooms(team: Team) -> list[Room]:
    nodes = node_queries.list_ready_nodes(team=team)
    return [(node.name, node_memory(node)) for node in nodes]


def _searchable(entry: Entry) -> str:
    return " ".join(
        [entry.name, entry.title, entry.vendor, entry.licence, entry.summary, *entry.tasks]
    ).lower()


def _entry(
    entry: Entry, copies: dict[tuple[str, str], AIModel], rooms: Sequence[Room]
) -> dict[str, Any]:
    return {
        **entry.model_dump(exclude={"versions", "licence", "repository", "bundled"}),
        "built_in": entry.built_in,
        "licence": licence_of(entry).model_dump(),
        "versions": [
            _version(entry, version, copies.get((entry.name, version.name)), rooms)
            for version in entry.versions
        ],
    }


def _version(
    entry: Entry, version: Version, copy: AIModel | None, rooms: Sequence[Room]
) -> dict[str, Any]:
    return {
        **version.model_dump(),
        "quantisation": version.name,
        "size_bytes": size_of(entry, version),
        "ai_model_id": copy.pk if copy else None,
        "ai_model_state": copy.state if copy else None,
        "fit": _best_fit(entry, version, copy, rooms),
    }


def _best_fit(
    entry: Entry, version: Version, copy: AIModel | None, rooms: Sequence[Room]
) -> dict[str, Any] | None:
    """How it fits on the node with most room, by its real header once the file is here."""
    facts = (known_facts(copy) if copy else None) or expected_facts(entry, version)
    context = min(USUAL_CONTEXT, entry.context_length)
    estimate = estimate_memory(facts, Shape(context, USUAL_SLOTS))
    fits = [(name, fit_on_node(estimate, memory)) for name, memory in rooms]
    if not fits:
        return None
    name, best = max(fits, key=lambda each: each[1].spare_bytes)
    return {
        "fits": best.fits,
        "node": name,
        "sentence": best.sentence,
        "spare_bytes": best.spare_bytes,
        "context_length": context,
    }
