"""What differs between two versions of a route, in words. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]
Change = dict[str, str]


def changes_between(before: Document, after: Document) -> list[Change]:
    """Each is `{"field", "kind": added | removed | changed, "text": a sentence}`."""
    return [
        *_plain(before, after),
        *_aliases(before, after),
        *_targets(before.get("targets", []), after.get("targets", [])),
        *_fallbacks(before.get("fallbacks", []), after.get("fallbacks", [])),
    ]


def _change(field: str, kind: str, text: str) -> Change:
    return {"field": field, "kind": kind, "text": text}


def _plain(before: Document, after: Document) -> Iterator[Change]:
    if before["name"] != after["name"]:
        text = f"It was called {before['name']} and is now called {after['name']}."
        yield _change("name", "changed", text)
    if before.get("affinity", "none") != after.get("affinity", "none"):
        words = {
            "none": "Requests go wherever there is most room.",
            "prefix": "Requests that begin alike go to the same place.",
            "session": "Requests of one session go to the same place.",
        }
        yield _change("affinity", "changed", words[after.get("affinity", "none")])
    if before.get("may_leave_house", False) != after.get("may_leave_house", False):
        may = "may now" if after.get("may_leave_house") else "may no longer"
        yield _change("may_leave_house", "changed", f"Requests {may} leave the house.")
    yield from _output(before.get("max_output_tokens"), after.get("max_output_tokens"))


def _output(before: int | None, after: int | None) -> Iterator[Change]:
    if before == after:
        return
    if after is None:
        text = f"Replies are no longer cut at {before} tokens."
        yield _change("max_output_tokens", "removed", text)
    else:
        earlier = "no limit" if before is None else f"{before}"
        kind = "added" if before is None else "changed"
        text = f"Replies are cut at {after} tokens (before: {earlier})."
        yield _change("max_output_tokens", kind, text)


def _aliases(before: Document, after: Document) -> Iterator[Change]:
    old, new = set(before.get("aliases", [])), set(after.get("aliases", []))
    for alias in sorted(new - old):
        yield _change("aliases", "added", f"It also answers to {alias}.")
    for alias in sorted(old - new):
        yield _change("aliases", "removed", f"It no longer answers to {alias}.")


def _targets(before: Sequence[Document], after: Sequence[Document]) -> Iterator[Change]:
    old = {_identity(target): target for target in before}
    new = {_identity(target): target for target in after}
    for identity, target in new.items():
        if identity not in old:
            text = f"Requests now go to {_called(target)} (weight {target['weight']:g})."
            yield _change("targets", "added", text)
        elif old[identity]["weight"] != target["weight"]:
            was, now = old[identity]["weight"], target["weight"]
            text = f"The weight of {_called(target)} went from {was:g} to {now:g}."
            yield _change("targets", "changed", text)
    for identity, target in old.items():
        if identity not in new:
            yield _change("targets", "removed", f"Requests no longer go to {_called(target)}.")
    kept = [identity for identity in old if identity in new]
    if kept != [identity for identity in new if identity in old]:
        yield _change("targets", "changed", "The targets stand in another order.")


def _identity(target: Document) -> tuple[Any, ...]:
    return (target["upstream"], target["deployment"], target["model"])


def _called(target: Document) -> str:
    kind = "upstream" if target["upstream"] else "deployment"
    asked = f" as {target['model']}" if target["model"] else ""
    return f"the {kind} {target[kind]}{asked}"


def _fallbacks(before: Sequence[Document], after: Sequence[Document]) -> Iterator[Change]:
    old = {cause: step["to"] for step in reversed(before) for cause in step["on"]}
    new = {cause: step["to"] for step in reversed(after) for cause in step["on"]}
    for cause in dict.fromkeys([*old, *new]):
        if old.get(cause) == new.get(cause):
            continue
        if cause not in new:
            text = f"On {cause} it no longer falls back to {old[cause]}."
            yield _change("fallbacks", "removed", text)
        elif cause not in old:
            yield _change("fallbacks", "added", f"On {cause} it falls back to {new[cause]}.")
        else:
            text = f"On {cause} it falls back to {new[cause]} instead of {old[cause]}."
            yield _change("fallbacks", "changed", text)
