"""Every page is for everyone: axe finds nothing, in light, in dark and on a phone."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from tests.journeys.browser import sign_in
from tests.journeys.conftest import CHECKOUT, Hearth
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.browser]

AXE = CHECKOUT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# WCAG 2.2, levels A and AA; https://www.deque.com/axe/core-documentation/api-documentation/
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = [
    "/",
    "/welcome",
    "/status",
    "/chat",
    "/nodes",
    "/models",
    "/models?dialog=import",
    "/model-files",
    "/deployments",
    "/deployments/opsling",
    "/operations",
    "/keys",
    "/keys?dialog=new-key",
    "/keys?dialog=test-key",
    "/keys?tab=limits",
    "/keys/1",
    "/usage",
    "/usage?tab=budgets",
    "/usage?days=custom&group=model",
    "/requests",
    "/requests?filter=failed&days=24h",
    "/routes",
    "/routes?dialog=new-route",
    "/routes/spread",
    "/routes/spread?dialog=test",
    "/routes/spread?tab=versions",
    "/upstreams",
    "/upstreams?dialog=add-upstream",
    "/settings",
    "/settings/people",
    "/audit",
    "/profile",
    "/no-such-page",
]


@pytest.fixture(scope="module")
def furnished(hearth: Hearth) -> list[str]:
    """Pages with something on them: a route, the server it leads to, and a request that fell back.
    The addresses of those that are known only now."""
    there = {"name": "nowhere", "base_url": "http://127.0.0.1:9/v1"}
    upstream = hearth.call("POST", "/api/upstreams", json=there).json()
    spread = {
        "name": "spread",
        "targets": [
            {"upstream": "nowhere", "model": "large", "weight": 30},
            {"upstream": "nowhere", "model": "small", "weight": 70},
        ],
        "fallbacks": [{"on": ["refused", "5xx"], "to": "opsling"}],
        "aliases": ["wide"],
    }
    assert hearth.call("POST", "/api/routes", json=spread).status_code == 201

    def has_asked() -> bool:
        question = {"model": "spread", "messages": [{"role": "user", "content": "reboot db-07"}]}
        key = {"Authorization": f"Bearer {hearth.made['OPENAI_API_KEY']}"}
        url = f"{hearth.made['OPENAI_BASE_URL']}/chat/completions"
        httpx.post(url, json=question, headers=key, timeout=60)
        return bool(hearth.get("/api/requests?fell_back=true&limit=1")["items"])

    eventually(has_asked, within=60)
    request = hearth.get("/api/requests?fell_back=true&limit=1")["items"][0]
    return [f"/upstreams/{upstream['id']}", f"/requests/{request['id']}"]


def violations(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES
    )
    return [
        f"{problem['id']}: {problem['nodes'][0]['html'][:120]}" for problem in found["violations"]
    ]


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)], ids=str
)
def test_axe_finds_nothing(
    page: Page, hearth: Hearth, furnished: list[str], scheme: Any, width: int
) -> None:
    axe = Path(AXE).read_text()
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, hearth.made["HEARTH_ADMIN_PASSWORD"])

    found = {}
    for address in [*PAGES, *furnished]:
        page.goto(address)
        page.get_by_role("heading", level=1).first.wait_for()
        page.wait_for_function("!document.querySelector('[aria-busy=true]')")
        if problems := violations(page, axe):
            found[address] = problems
    assert found == {}
