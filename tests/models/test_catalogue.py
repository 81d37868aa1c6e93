"""The catalogue's rows, and what happens to wrong ones."""

from pathlib import Path

import pytest

from apps.models.catalogue import CatalogueBroken, Entry, load_catalogue, read_catalogue, source_url
from apps.models.catalogue.loader import DATA, bundled_path, licence_of
from apps.models.gguf import read_gguf
from apps.models.queries.expected_facts import expected_facts

ENTRIES = list(load_catalogue().values())
BITS = {"Q4_0": (4.5, 5.2), "Q4_K_M": (4.5, 5.4), "Q5_K_M": (5.4, 6.3), "Q6_K": (6.4, 7.0),
        "Q8_0": (8.4, 8.9), "F16": (15.9, 16.9)}  # fmt: skip


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
class TestRows:
    def test_texts_are_there(self, entry: Entry) -> None:
        assert entry.title
        assert entry.summary.endswith(".")
        assert not entry.caveat or entry.caveat.endswith(".")
        assert licence_of(entry).name

    def test_sizes_are_plausible_for_the_quantisation(self, entry: Entry) -> None:
        for version in entry.versions:
            if version.size_bytes:
                low, high = BITS[version.name]
                bits = version.size_bytes * 8 / entry.parameter_count
                assert low <= bits <= high, f"{version.name}: {bits:.2f} bits per weight"

    def test_addresses_are_addresses(self, entry: Entry) -> None:
        for version in entry.versions:
            if not entry.built_in:
                url = source_url(entry, version, source="https://mirror.example/")
                assert url.startswith("https://mirror.example/")
                assert "//" not in url.removeprefix("https://")
                assert url.endswith(f"/resolve/main/{version.file}")

    def test_memory_can_be_estimated_beforehand(self, entry: Entry) -> None:
        facts = expected_facts(entry, entry.versions[0])
        assert len(facts.heads_kv) == facts.layers
        assert facts.weights_bytes > 0


class TestTheWhole:
    def test_every_nano_model_is_listed(self) -> None:
        assert {
            "lfm2-350m-math", "lfm2-350m-extract", "lfm2-350m-enjp-mt", "lfm2-350m-pii-extract-jp",
            "lfm2-1.2b-extract", "lfm2-1.2b-rag", "lfm2-1.2b-tool", "lfm2.5-1.2b-instruct",
            "lfm2.5-1.2b-thinking",
        } <= set(load_catalogue())  # fmt: skip

    def test_restricted_licences_ask_for_acceptance(self) -> None:
        for entry in ENTRIES:
            open_licence = entry.licence in {"apache-2.0", "mit"}
            assert licence_of(entry).accept != open_licence

    def test_the_bundled_file_is_what_its_row_says(self) -> None:
        (entry,) = [entry for entry in ENTRIES if entry.built_in]
        facts = read_gguf(bundled_path(entry, entry.versions[0]))
        assert facts.parameter_count == entry.parameter_count
        assert facts.context_length == entry.context_length
        expected = expected_facts(entry, entry.versions[0])
        for name in ("layers", "heads_kv", "embedding_length", "key_length", "vocabulary"):
            assert getattr(facts, name) == getattr(expected, name)


class TestMistakes:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (("name: Q8_0", "name: Q8_0, sha256: abc"), "sha256"),
            (("recommended: true", "recommended: false"), "recommend exactly one"),
            (("licence: apache-2.0", "licence: mine"), "unknown licence"),
            (("bundled: stack/assets", "repository: a/b"), "needs its size"),
            (("summary:", "sumary:"), "sumary"),
            (("- name: opsling", "- name: [opsling"), "models-1"),
        ],
    )
    def test_a_wrong_row_is_named(self, tmp_path: Path, change: tuple[str, str], said: str) -> None:
        for name in ("licences.yaml", "models-1-built-in.yaml"):
            (tmp_path / name).write_text((DATA / name).read_text().replace(*change))
        with pytest.raises(CatalogueBroken, match=said):
            read_catalogue(tmp_path)
