"""AI models and the catalogue over HTTP. Sizes are bytes."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Schema
from ninja.errors import ValidationError
from pydantic import Field, model_validator
from pydantic import ValidationError as PydanticError

from apps.core.schemas import LimitsIn, StatefulOut
from apps.models.models import AIModel


class SourceIn(Schema):
    """Where the file comes from: exactly one of `path`, `url` and `catalogue`.

    `path` is on the machine the control plane runs on. `version` picks one of a catalogue entry's
    files; without it the recommended one is taken.
    """

    path: str | None = None
    url: str | None = None
    sha256: str | None = Field(None, pattern=r"^[0-9a-fA-F]{64}$")
    catalogue: str | None = None
    version: str | None = None

    @model_validator(mode="after")
    def one_source(self) -> "SourceIn":
        if sum(bool(value) for value in (self.path, self.url, self.catalogue)) != 1:
            raise ValueError("give exactly one of path, url and catalogue")
        return self


class AddAIModelIn(Schema):
    """`accept_licence` is needed where the catalogue says that a licence must be accepted."""

    name: str = Field("", max_length=200)
    source: SourceIn
    accept_licence: bool = False

    @classmethod
    def from_request(cls, request: HttpRequest) -> "AddAIModelIn":
        """The JSON body. Raises ninja's ValidationError.

        The operation takes JSON and multipart at one address, which ninja cannot declare; so it
        reads the body itself, and a large file is never looked at as JSON.
        """
        try:
            return cls.model_validate_json(request.body)
        except PydanticError as error:
            said = error.errors(include_url=False, include_context=False, include_input=False)
            raise ValidationError(
                [{**item, "loc": ("body", *item["loc"])} for item in said]
            ) from None


def _inlined(shape: type[Schema]) -> dict[str, Any]:
    """Its JSON schema without `$defs`, which OpenAPI would look for elsewhere."""
    schema: dict[str, Any] = shape.model_json_schema()
    parts = schema.pop("$defs", {})
    for name, field in schema["properties"].items():
        reference = field.get("$ref", "").rpartition("/")[2]
        if reference:
            schema["properties"][name] = parts[reference]
    return schema


ADD_AI_MODEL_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _inlined(AddAIModelIn)},
            "multipart/form-data": {
                "schema": {
                    "title": "UploadAIModelIn",
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "name": {"type": "string"},
                        "file": {"type": "string", "format": "binary"},
                    },
                }
            },
        },
    }
}


class GGUFFactsOut(Schema):
    """What the file's header says. None where the header is silent."""

    architecture: str = ""
    parameter_count: int = 0
    quantisation: str = ""
    context_length: int | None = None
    layers: int | None = None
    attention_layers: int | None = None
    recurrent_layers: int | None = None
    embedding_length: int | None = None
    heads: int | None = None
    heads_kv: list[int] = []
    experts: int | None = None
    experts_used: int | None = None
    vocabulary: int | None = None
    sliding_window: int | None = None
    chat_template: str = ""


class AIModelOut(StatefulOut):
    id: int
    name: str
    task: str
    source: dict[str, Any]
    catalogue_name: str
    catalogue_version: str
    licence: str
    licence_accepted_at: datetime | None
    size_bytes: int | None
    sha256: str
    architecture: str
    parameter_count: int | None
    quantisation: str
    context_length: int | None
    has_chat_template: bool
    verified_at: datetime | None
    created_at: datetime
    current_operation_id: str | None = None
    deployment_names: list[str] = []

    @staticmethod
    def resolve_deployment_names(ai_model: AIModel) -> list[str]:
        return [deployment.name for deployment in ai_model.deployments.all()]


class AIModelDetailOut(AIModelOut):
    facts: GGUFFactsOut

    @staticmethod
    def resolve_facts(ai_model: AIModel) -> dict[str, Any]:
        facts: dict[str, Any] = ai_model.gguf
        return facts


class ListAIModelsIn(LimitsIn):
    state: str | None = None
    search: str = ""


class LicenceOut(Schema):
    """`accept` is true when a person has to accept the terms before the file is fetched."""

    id: str
    name: str
    url: str = ""
    accept: bool = False


class SamplingOut(Schema):
    """The vendor's advice; a client's own parameters always win."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None


class FitSummaryOut(Schema):
    """Whether a version would run on the best ready node, at a modest context."""

    fits: bool
    node: str
    sentence: str
    spare_bytes: int
    context_length: int


class CatalogueVersionOut(Schema):
    """One file. `ai_model_id` is set once it is in this team's list."""

    name: str
    quantisation: str
    file: str
    size_bytes: int
    estimated: bool = False
    sha256: str = ""
    recommended: bool = False
    ai_model_id: int | None = None
    ai_model_state: str | None = None
    fit: FitSummaryOut | None = None


class CatalogueEntryOut(Schema):
    name: str
    title: str
    vendor: str
    tasks: list[str]
    summary: str
    caveat: str = ""
    parameter_count: int
    active_parameter_count: int | None = None
    context_length: int
    languages: list[str] = []
    licence: LicenceOut
    sampling: SamplingOut
    built_in: bool = False
    homepage: str = ""
    versions: list[CatalogueVersionOut]


class CatalogueOut(Schema):
    """The catalogue is short and complete, so it comes in one page."""

    items: list[CatalogueEntryOut]
    next_cursor: str | None = None


class ListCatalogueIn(Schema):
    task: str = ""
    search: str = ""
