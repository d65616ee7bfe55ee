"""Which resource of the REST API a path names: literal segments beat {parameters}. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one resource; `path` like /v1/recordings/{recording_id}, `authorizer` None when open to all."""

    method: str
    path: str
    authorizer: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """The resource a path names; `route` is None when it has no such method, `parameters` are still encoded."""

    resource_path: str
    parameters: dict[str, str]
    route: Route | None
    allowed: tuple[str, ...]


@dataclass(slots=True)
class _Resource:
    path: str
    segments: tuple[str, ...]
    methods: dict[str, Route] = field(default_factory=dict)

    def parameters(self, given: tuple[str, ...]) -> dict[str, str] | None:
        """Return the values of a path's parameters, or None when the path is another resource."""
        if len(given) != len(self.segments):
            return None
        values = {}
        for mine, theirs in zip(self.segments, given, strict=True):
            if _is_parameter(mine):
                if not theirs:
                    return None
                values[mine[1:-1]] = theirs
            elif mine != theirs:
                return None
        return values


class RouteTable:
    """The REST API's resources, the most literal first."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Take every route of the API."""
        resources: dict[str, _Resource] = {}
        for route in routes:
            resource = resources.setdefault(route.path, _Resource(route.path, _segments(route.path)))
            resource.methods[route.method] = route
        self._resources = sorted(
            resources.values(), key=lambda resource: [_is_parameter(segment) for segment in resource.segments]
        )

    def match(self, method: str, raw_path: str) -> Match | None:
        """Find the resource of a path (a trailing slash is ignored, as API Gateway does); None when there is none."""
        given = _segments(raw_path)
        for resource in self._resources:
            parameters = resource.parameters(given)
            if parameters is not None:
                route = resource.methods.get(method)
                return Match(resource.path, parameters, route, tuple(sorted(resource.methods)))
        return None


def _segments(path: str) -> tuple[str, ...]:
    trimmed = path.removeprefix("/").removesuffix("/")
    return tuple(trimmed.split("/")) if trimmed else ()


def _is_parameter(segment: str) -> bool:
    return segment.startswith("{") and segment.endswith("}")
