"""The shape of the catalogue's rows."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Task = Literal[
    "chat", "tools", "code", "reasoning", "math", "extract", "rag", "translation", "embedding"
]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$", max_length=100)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.gguf$")]
Repository = Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Licence(_Row):
    """`accept`: the terms go beyond a plain open licence, so a person has to agree first."""

    id: Slug
    name: str
    url: str = Field(default="", pattern=r"^(https://.+)?$")
    accept: bool = False


class Sampling(_Row):
    """What the vendor advises."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=0)
    min_p: float | None = Field(default=None, ge=0, le=1)
    repetition_penalty: float | None = Field(default=None, gt=0, le=2)


class Architecture(_Row):
    """The few figures of the vendor's configuration that memory depends on, so that fit can be
    said before anything is fetched. `heads_kv` counts per attention layer."""

    layers: int = Field(gt=0)
    attention_layers: int = Field(gt=0)
    embedding_length: int = Field(gt=0)
    feed_forward_length: int = Field(gt=0)
    heads: int = Field(gt=0)
    heads_kv: int = Field(ge=0)
    head_length: int = Field(gt=0)
    vocabulary: int = Field(gt=0)
    conv_window: int = Field(default=0, ge=0)
    experts_used: int | None = Field(default=None, gt=0)
    causal: bool = True


class Version(_Row):
    """One file. `estimated` says that `size_bytes` was not read off the publisher's listing; 0 is
    only for a bundled file, whose size is looked up."""

    name: str
    file: FileName
    size_bytes: int = Field(ge=0)
    estimated: bool = False
    sha256: Sha256 | Literal[""] = ""
    recommended: bool = False


class Entry(_Row):
    """One model. Its files lie in `repository` at the model source, or in `bundled`, a folder of
    this checkout."""

    name: Slug
    title: str
    vendor: str
    tasks: list[Task] = Field(min_length=1)
    summary: str
    caveat: str = ""
    parameter_count: int = Field(gt=0)
    active_parameter_count: int | None = Field(default=None, gt=0)
    context_length: int = Field(gt=0)
    languages: list[str] = []
    licence: str
    sampling: Sampling = Sampling()
    repository: Repository | Literal[""] = ""
    bundled: str = ""
    architecture: Architecture
    homepage: str = ""
    versions: list[Version] = Field(min_length=1)

    @model_validator(mode="after")
    def is_consistent(self) -> "Entry":
        if bool(self.repository) == bool(self.bundled):
            raise ValueError("name either a repository or a bundled folder")
        names = [version.name for version in self.versions]
        if len(set(names)) != len(names):
            raise ValueError("two versions have the same name")
        if sum(version.recommended for version in self.versions) != 1:
            raise ValueError("recommend exactly one version")
        if self.repository and any(version.size_bytes == 0 for version in self.versions):
            raise ValueError("a file that is downloaded needs its size")
        return self

    @property
    def built_in(self) -> bool:
        return bool(self.bundled)

    @property
    def task(self) -> str:
        """How it is served: through chat or embeddings."""
        return "embedding" if "embedding" in self.tasks else "chat"

    def version(self, name: str | None) -> Version | None:
        """The version of that name, or the recommended one without a name."""
        if name:
            return next((each for each in self.versions if each.name == name), None)
        return next(each for each in self.versions if each.recommended)
