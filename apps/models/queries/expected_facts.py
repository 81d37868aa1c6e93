"""What a model's file says about memory, and what it will say before it is here."""

from apps.models.catalogue import Entry, Version, find_entry
from apps.models.catalogue.loader import size_of
from apps.models.gguf.facts import GGUFFacts
from apps.models.models import AIModel


def known_facts(ai_model: AIModel) -> GGUFFacts | None:
    """The facts from its header; from the catalogue while its file is on the way; None when nobody
    knows anything yet."""
    if ai_model.gguf:
        return GGUFFacts.from_dict(ai_model.gguf)
    entry = find_entry(ai_model.catalogue_name)
    version = entry.version(ai_model.catalogue_version) if entry else None
    return expected_facts(entry, version) if entry and version else None


def expected_facts(entry: Entry, version: Version) -> GGUFFacts:
    """What the file's header will say, as far as memory depends on it."""
    figures = entry.architecture
    recurrent = figures.layers - figures.attention_layers
    return GGUFFacts(
        architecture="",
        parameter_count=entry.parameter_count,
        quantisation=version.name,
        weights_bytes=size_of(entry, version),
        embeddings=entry.task == "embedding",
        causal=figures.causal,
        context_length=entry.context_length,
        layers=figures.layers,
        embedding_length=figures.embedding_length,
        feed_forward_length=figures.feed_forward_length,
        heads=figures.heads,
        heads_kv=[0] * recurrent + [figures.heads_kv] * figures.attention_layers,
        key_length=figures.head_length,
        value_length=figures.head_length,
        vocabulary=figures.vocabulary,
        experts_used=figures.experts_used,
        conv_state=max(0, figures.conv_window - 1) * figures.embedding_length,
    )
