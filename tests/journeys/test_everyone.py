"""Every page is for everyone: axe finds nothing, in light, in dark and on a phone."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.journeys.browser import sign_in
from tests.journeys.conftest import CHECKOUT, Hearth

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
    "/upstreams/1",
    "/settings",
    "/settings/people",
    "/audit",
    "/profile",
    "/no-such-page",
]


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
def test_axe_finds_nothing(page: Page, hearth: Hearth, scheme: Any, width: int) -> None:
    axe = Path(AXE).read_text()
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, hearth.made["HEARTH_ADMIN_PASSWORD"])

    found = {}
    for address in PAGES:
        page.goto(address)
        page.get_by_role("heading", level=1).first.wait_for()
        page.wait_for_function("!document.querySelector('[aria-busy=true]')")
        if problems := violations(page, axe):
            found[address] = problems
    assert found == {}
