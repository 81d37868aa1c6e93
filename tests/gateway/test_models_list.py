"""One list of models that both official clients read, whatever they call its fields."""

from collections.abc import Callable, Iterator

import anthropic
import httpx
import msgspec
import openai
import pytest

from tests.gateway.faulty_upstream import FaultyUpstream
from tests.gateway.harness import HEADERS, House, Served, strict_anthropic, strict_openai

NAMES = ["a", "b", "c", "d", "e"]


@pytest.fixture
def gateway(house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]) -> Served:
    for name in NAMES[:4]:
        house.serve(name, upstream.url)
    house.routes[3] = msgspec.structs.replace(house.routes[3], aliases=["e"])
    return start_gateway()


@pytest.fixture
def gpt(gateway: Served) -> Iterator[openai.OpenAI]:
    with strict_openai(gateway) as client:
        yield client


@pytest.fixture
def claude(gateway: Served) -> Iterator[anthropic.Anthropic]:
    with strict_anthropic(gateway) as client:
        yield client


def listed(gateway: Served, query: str = "") -> tuple[list[str], bool]:
    reply = httpx.get(f"{gateway.url}/models{query}", headers=HEADERS).json()
    names = [entry["id"] for entry in reply["data"]]
    assert (reply["first_id"], reply["last_id"]) == (
        (names[0], names[-1]) if names else (None,) * 2
    )
    return names, reply["has_more"]


class TestBothClients:
    def test_list(self, gpt: openai.OpenAI, claude: anthropic.Anthropic) -> None:
        assert [model.id for model in gpt.models.list()] == NAMES
        assert [model.id for model in claude.models.list()] == NAMES

    def test_one_by_its_name_or_alias(
        self, gpt: openai.OpenAI, claude: anthropic.Anthropic
    ) -> None:
        for name in ("a", "e"):
            assert gpt.models.retrieve(name).id == name
            assert claude.models.retrieve(name).display_name == name

    def test_one_there_is_not(self, gpt: openai.OpenAI, claude: anthropic.Anthropic) -> None:
        with pytest.raises(openai.NotFoundError, match="no model called 'z'"):
            gpt.models.retrieve("z")
        with pytest.raises(anthropic.NotFoundError, match="no model called 'z'"):
            claude.models.retrieve("z")

    def test_page_by_page(self, claude: anthropic.Anthropic) -> None:
        for size in (1, 2, 5):
            assert [model.id for model in claude.models.list(limit=size)] == NAMES

    def test_backwards(self, claude: anthropic.Anthropic) -> None:
        page = claude.models.list(limit=2, before_id="e")

        assert [model.id for model in page.data] == ["c", "d"]
        following = page.get_next_page()
        assert [model.id for model in following.data] == ["a", "b"]
        assert not following.has_next_page()


PAGES: list[tuple[str, list[str], bool]] = [
    ("", NAMES, False),
    ("?limit=2", ["a", "b"], True),
    ("?limit=5", NAMES, False),
    ("?after_id=b", ["c", "d", "e"], False),
    ("?after_id=b&limit=1", ["c"], True),
    ("?after_id=e", [], False),
    ("?before_id=c", ["a", "b"], False),
    ("?before_id=d&limit=1", ["c"], True),
    ("?after_id=gone&limit=1", [], False),
]


class TestPages:
    def test_what_is_on_them(self, gateway: Served) -> None:
        assert [(query, *listed(gateway, query)) for query, _, _ in PAGES] == PAGES

    def test_a_limit_that_is_none(self, gateway: Served) -> None:
        for limit in ("0", "-1", "x", "1001"):
            reply = httpx.get(f"{gateway.url}/models?limit={limit}", headers=HEADERS)

            assert reply.status_code == 400
            assert reply.json()["error"]["param"] == "limit"

    def test_a_name_with_slashes(
        self, house: House, upstream: FaultyUpstream, start_gateway: Callable[..., Served]
    ) -> None:
        house.serve("meta/llama 3", upstream.url)

        with strict_openai(start_gateway()) as client:
            assert client.models.retrieve("meta/llama 3").id == "meta/llama 3"
