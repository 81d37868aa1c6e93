"""The life of a route, in a real browser and with OpenAI's own client.

A server that fails is added, a route to it falls back to the model of the house, its decisions are
looked at before and after, its weights are changed, and the change is taken back.
"""

import re
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.gateway.faulty_upstream import FaultyUpstream
from tests.journeys.browser import sign_in
from tests.journeys.conftest import Hearth
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.browser]

ROUTE = "coder"
UPSTREAM = "garage"
THEIR_MODEL = "gpt-large"
MODEL = "opsling"
# Gateways hear of a change within two seconds, and requests are written down within one; a machine
# with other work to do takes longer.
HEARD_SECONDS = 30
SHOWN_MS = 30_000


@pytest.fixture
def broken() -> Iterator[FaultyUpstream]:
    """It names its models well and answers nothing."""
    with FaultyUpstream(status=503, keeps_face=True, models=[THEIR_MODEL]) as server:
        yield server


def test_from_its_first_fallback_back_to_its_first_version(
    page: Page, hearth: Hearth, broken: FaultyUpstream
) -> None:
    sign_in(page, hearth.made["HEARTH_ADMIN_PASSWORD"])

    add_upstream(page, broken.url)
    make_route(page)
    see_decisions(page)

    request_id = fall_back(hearth)
    assert broken.asked > 0, "the server was tried before it was left"
    see_its_way(page, hearth, request_id)

    share_it_out(page)
    stay_with_changes(page)
    save(page)
    assert weights(hearth) == {UPSTREAM: 30, MODEL: 70}

    go_back(page)
    assert weights(hearth) == {UPSTREAM: 1}


def choose(page: Page, place: Locator, label: str, option: str) -> None:
    """From a list that opens under its field."""
    place.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


def add_upstream(page: Page, url: str) -> None:
    """Its models are found by themselves, and stand on its page."""
    page.goto("/upstreams?dialog=add-upstream")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="vLLM").click()
    dialog.get_by_label("Name", exact=True).fill(UPSTREAM)
    dialog.get_by_label("Address").fill(url)
    expect(dialog.get_by_text("It is yours")).to_be_visible()
    dialog.get_by_role("button", name=f"Add {UPSTREAM}").click()
    expect(page.get_by_role("heading", level=1, name=UPSTREAM)).to_be_visible(timeout=SHOWN_MS)
    expect(page.get_by_role("listitem").filter(has_text=THEIR_MODEL)).to_be_visible(
        timeout=SHOWN_MS
    )
    expect(page.get_by_text("no route", exact=True)).to_be_visible()


def make_route(page: Page) -> None:
    """What it will do is said in words before it is made."""
    page.goto("/routes?dialog=new-route")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name clients ask for").fill(ROUTE)
    choose(page, dialog, "Leads to", UPSTREAM)
    dialog.get_by_role("combobox", name="Model there").fill(THEIR_MODEL)
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Add a fallback").click()
    choose(page, dialog, "Go on with", MODEL)
    expect(
        dialog.get_by_text(re.compile(rf"answers with an error \(5xx\).*{MODEL} answers instead"))
    ).to_be_visible()
    dialog.get_by_role("button", name=f"Make {ROUTE}").click()
    expect(page.get_by_role("heading", level=1, name=ROUTE)).to_be_visible(timeout=SHOWN_MS)


def see_decisions(page: Page) -> None:
    """Step by step, without sending anything."""
    page.get_by_role("button", name="Test a request").click()
    panel = page.get_by_role("dialog")
    decision = panel.get_by_role("region", name="What the gateway would do now")
    expect(decision.get_by_text("It would be answered")).to_be_visible(timeout=SHOWN_MS)
    first, second = decision.get_by_role("heading", level=2).all()
    expect(first).to_have_text(f"1. {ROUTE}")
    expect(second).to_have_text(f"2. {MODEL}")
    expect(decision.get_by_text(re.compile(rf"Only if {ROUTE} cannot be reached"))).to_be_visible()
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)


def fall_back(hearth: Hearth) -> str:
    """The id of a request that the broken server failed and the model of the house answered."""
    client = openai.OpenAI(
        base_url=hearth.made["OPENAI_BASE_URL"],
        api_key=hearth.made["OPENAI_API_KEY"],
        max_retries=0,
    )
    replies: list[Any] = []

    def is_known() -> bool:
        try:
            replies.append(
                client.chat.completions.with_raw_response.create(
                    model=ROUTE,
                    messages=[{"role": "user", "content": "reboot db-07"}],
                    max_tokens=16,
                )
            )
        except openai.NotFoundError:
            return False
        return True

    eventually(is_known, within=HEARD_SECONDS)
    reply = replies[-1]
    assert reply.headers["x-fallback-reason"] == f"5xx; from={ROUTE}"
    assert reply.headers["x-served-by"].startswith(MODEL)
    assert reply.parse().choices[0].message.content
    return str(reply.headers["x-request-id"])


def see_its_way(page: Page, hearth: Hearth, request_id: str) -> None:
    """From the list to its page: what was tried, and why it moved on."""
    eventually(
        lambda: hearth.call("GET", f"/api/requests/{request_id}").status_code == 200,
        within=HEARD_SECONDS,
    )
    page.goto("/requests?filter=fellBack")
    page.get_by_role("row").filter(has_text="Answered, fell back").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Where its time went")).to_be_visible(timeout=SHOWN_MS)

    page.goto(f"/requests/{request_id}")
    way = page.get_by_role("region", name="Decisions on its way")
    expect(way.get_by_text(f"{UPSTREAM} failed it: error (5xx)")).to_be_visible(timeout=SHOWN_MS)
    expect(way.get_by_text(f"Sent on to {MODEL}, because: error (5xx)")).to_be_visible()
    expect(page.get_by_text("Not kept.")).to_be_visible()


def share_it_out(page: Page) -> None:
    """A second place, with weights that come to shares as they are typed."""
    page.goto(f"/routes/{ROUTE}")
    page.get_by_role("button", name="Add a place").click()
    choose(page, page.get_by_role("region", name="Place 2"), "Leads to", MODEL)
    page.get_by_role("textbox", name=f"Weight of {UPSTREAM} as a number").fill("30")
    page.get_by_role("textbox", name=f"Weight of {MODEL} as a number").fill("70")
    expect(
        page.get_by_role("region", name="Place 1").get_by_text(re.compile(r"^30\s%$"))
    ).to_be_visible()
    expect(
        page.get_by_role("region", name="Place 2").get_by_text(re.compile(r"^70\s%$"))
    ).to_be_visible()


def stay_with_changes(page: Page) -> None:
    """Going elsewhere with changes is asked about; staying keeps them."""
    page.get_by_role("link", name="Keys", exact=True).first.click()
    guard = page.get_by_role("dialog")
    expect(guard.get_by_role("heading", level=1)).to_have_text(f"Leave {ROUTE} without saving?")
    guard.get_by_role("button", name="Stay here").click()
    expect(guard).to_have_count(0)
    expect(page.get_by_text("2 changes are not saved")).to_be_visible()


def save(page: Page) -> None:
    """The difference in words comes first."""
    page.get_by_role("button", name="Save 2 changes").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"Requests also go to {MODEL}, with weight 70.")).to_be_visible()
    expect(dialog.get_by_text(re.compile(r"has weight 30 instead of 1: 30\s% of"))).to_be_visible()
    dialog.get_by_role("button", name="Save version 2").click()
    expect(dialog).to_have_count(0, timeout=SHOWN_MS)
    expect(page.get_by_text(f"{ROUTE} is saved as version 2.")).to_be_visible()


def go_back(page: Page) -> None:
    """One click; the way back is a version too."""
    page.get_by_role("link", name=re.compile("Versions")).click()
    page.get_by_role("button", name="Back to version 1").click()
    expect(page.get_by_text("version 3", exact=True)).to_be_visible(timeout=SHOWN_MS)
    expect(page.get_by_text(f"Requests no longer go to {MODEL}.")).to_be_visible(timeout=SHOWN_MS)


def weights(hearth: Hearth) -> dict[str, float]:
    route = next(row for row in hearth.get("/api/routes")["items"] if row["name"] == ROUTE)
    return {row["upstream"] or row["deployment"]: row["weight"] for row in route["targets"]}
