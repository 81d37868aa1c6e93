"""The second half of docs/api.md: every operation and every shape, from the API's description."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

BEGIN = "<!-- reference: begin -->"
END = "<!-- reference: end -->"

Schema = dict[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")


def guide_file() -> Path:
    from django.conf import settings

    return Path(settings.BASE_DIR) / "docs" / "api.md"


def with_reference(guide: str, described: Schema, who: Mapping[str, str]) -> str:
    """The guide with its generated half made anew; what stands before and after it is kept.

    `who` says for each operation id who may call it. Raises ValueError when there is no place
    for the reference.
    """
    before, begin, rest = guide.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The guide needs a line {BEGIN} and a line {END}.")
    return f"{before}{BEGIN}\n\n{_reference(described, who)}\n{END}{after}"


def _reference(described: Schema, who: Mapping[str, str]) -> str:
    by_tag: dict[str, list[tuple[str, str, Schema]]] = {}
    for path, item in sorted(described["paths"].items()):
        for method in _METHODS:
            if method in item:
                operation = item[method]
                tag = (operation.get("tags") or ["more"])[0]
                by_tag.setdefault(tag, []).append((method.upper(), path, operation))
    parts = ["## Operations\n"]
    for tag, operations in sorted(by_tag.items()):
        parts.append(f"### {tag.capitalize()}\n")
        parts.extend(_operation(*each, who=who) for each in operations)
    parts.append("## Shapes\n")
    schemas = described.get("components", {}).get("schemas", {})
    parts.extend(_shape(name, schema) for name, schema in sorted(schemas.items()))
    return "\n".join(parts)


def _operation(method: str, path: str, operation: Schema, *, who: Mapping[str, str]) -> str:
    lines = [f"#### `{method} {path}`\n"]
    said = " ".join(str(operation.get("description", "")).split())
    lines.append(f"`{operation['operationId']}`{': ' + said if said else ''}\n")
    parameters = [
        each for each in operation.get("parameters", []) if f"{{{each['name']}}}" not in path
    ]
    lines.append(f"- For {who[operation['operationId']]}.")
    if parameters:
        listed = ", ".join(_parameter(each) for each in parameters)
        lines.append(f"- Takes {listed}.")
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        kind = "" if media == "application/json" else f" ({media})"
        lines.append(f"- Body: {_type(content['schema'])}{kind}.")
    answers = [
        f"`{status}` {_answer(response)}"
        for status, response in sorted(operation.get("responses", {}).items())
    ]
    lines.append(f"- Answers {'; '.join(answers)}.\n")
    return "\n".join(lines)


def _parameter(parameter: Schema) -> str:
    schema = parameter.get("schema", {})
    default = schema.get("default")
    shown = "" if default in (None, "") else f" = {default}"
    must = " (required)" if parameter.get("required") else ""
    return f"`{parameter['name']}` {_type(schema)}{shown}{must}"


def _answer(response: Schema) -> str:
    content = response.get("content", {})
    for media, body in content.items():
        return _type(body["schema"]) if media == "application/json" else media
    return "nothing"


def _shape(name: str, schema: Schema) -> str:
    said = " ".join(str(schema.get("description", "")).split())
    lines = [f"#### {name}\n"]
    if said:
        lines.append(f"{said}\n")
    if "enum" in schema:
        lines.append(f"One of {_choices(schema['enum'])}.\n")
        return "\n".join(lines)
    fields = list(_fields(schema))
    if fields:
        lines.extend(["| field | type | |", "|---|---|---|", *fields, ""])
    return "\n".join(lines)


def _fields(schema: Schema) -> Iterator[str]:
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        notes = ["always there" if name in required else "may be left out"]
        if field.get("default") not in (None, "", [], {}):
            notes.append(f"default {field['default']}")
        if field.get("description"):
            notes.append(" ".join(str(field["description"]).split()))
        yield f"| `{name}` | {_type(field).replace('|', 'or')} | {'; '.join(notes)} |"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return _choices(schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(_unique(_type(each) for each in schema[several]))
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return str(schema.get("format", kind))


def _choices(values: Iterable[Any]) -> str:
    return " or ".join(f"`{value}`" for value in values)


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
