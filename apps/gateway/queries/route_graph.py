"""Where requests can end up by way of fallbacks. Pure, over a team's whole set of routes."""

from collections.abc import Iterable, Mapping

from apps.gateway.models import Route

Graph = Mapping[str, tuple[str, ...]]


def fallback_graph(routes: Iterable[Route]) -> dict[str, tuple[str, ...]]:
    """Each route's name with the names of those it falls back to; aliases are resolved."""
    known = list(routes)
    names = {alias: route.name for route in known for alias in route.aliases}
    names |= {route.name: route.name for route in known}
    return {
        route.name: tuple(
            dict.fromkeys(names.get(step["to"], step["to"]) for step in route.fallbacks)
        )
        for route in known
    }


def find_circle(graph: Graph, start: str) -> list[str]:
    """The names on a way from `start` back to itself, both ends included; empty: there is none."""
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        for following in graph.get(name, ()):
            if following == start:
                way = [start, name]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return list(reversed(way))
            if following not in came_from:
                came_from[following] = name
                waiting.append(following)
    return []


def find_way_out(routes: Iterable[Route]) -> tuple[str, str, str] | None:
    """A route that may not leave the house and yet does: its name, the name of the route whose
    target is outside (itself, or one it falls back to) and the upstream's; None when none does."""
    known = list(routes)
    graph = fallback_graph(known)
    outside = {
        route.name: target.upstream.name
        for route in known
        for target in route.targets.all()
        if target.upstream is not None and target.upstream.leaves_house
    }
    for route in known:
        if route.may_leave_house:
            continue
        for name in _reached(graph, route.name):
            if name in outside:
                return route.name, name, outside[name]
    return None


def _reached(graph: Graph, start: str) -> list[str]:
    reached = [start]
    for name in reached:
        reached.extend(each for each in graph.get(name, ()) if each not in reached)
    return reached
