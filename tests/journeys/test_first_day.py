"""The first day of a new owner, in a real browser: from an empty machine to a revoked key."""

import re

import openai
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browser import sign_in
from tests.journeys.conftest import Hearth
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_from_signing_in_to_a_revoked_key(page: Page, hearth: Hearth) -> None:
    sign_in(page, hearth.made["HEARTH_ADMIN_PASSWORD"])

    # This machine is there, with what it is made of.
    page.goto("/nodes")
    node = hearth.get("/api/nodes")["items"][0]
    page.get_by_role("link", name=node["name"]).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(node["name"])

    # The bundled model answers in the chat.
    page.goto("/chat")
    page.get_by_label("Your message").fill("reboot db-07")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text('"node": "db-07"')).to_be_visible(timeout=60_000)
    expect(page.get_by_text(re.compile("first token"))).to_be_visible()

    secret = issue_key(page)
    use_key(hearth, secret)
    see_usage(page)
    revoke_key(page, hearth, secret)


def issue_key(page: Page) -> str:
    """Make a key in the dialog; the secret it shows."""
    page.goto("/keys")
    page.get_by_role("button", name="New key").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What is it for?").fill("kitchen tablet")
    dialog.get_by_role("button", name="Make the key").click()
    shown = dialog.get_by_text(re.compile(r"^hk_live_[a-z0-9]+$")).first
    expect(shown).to_be_visible()
    secret = shown.inner_text().strip()
    dialog.get_by_label("I have stored the secret").check()
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_role("cell", name=re.compile("kitchen tablet")).first).to_be_visible()
    assert secret not in page.content(), "the secret is shown once"
    return secret


def use_key(hearth: Hearth, secret: str) -> None:
    """Any OpenAI client, streaming."""
    client = openai.OpenAI(base_url=hearth.made["OPENAI_BASE_URL"], api_key=secret, max_retries=0)

    def answered() -> str:
        pieces = client.chat.completions.create(
            model="opsling",
            messages=[{"role": "user", "content": "reboot db-07"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        usage, text = None, ""
        for piece in pieces:
            usage = piece.usage or usage
            text += "".join(choice.delta.content or "" for choice in piece.choices)
        assert usage is not None
        assert usage.completion_tokens > 5
        return text

    # A new key reaches the gateway by itself.
    def reached() -> bool:
        try:
            return bool(client.models.list().data)
        except openai.AuthenticationError:
            return False

    eventually(reached, within=60)
    assert "db-07" in answered()


def see_usage(page: Page) -> None:
    """The request is counted, under its key."""
    page.goto("/usage")
    row = page.get_by_role("row", name=re.compile("kitchen tablet"))
    expect(row.first).to_be_visible(timeout=60_000)


def revoke_key(page: Page, hearth: Hearth, secret: str) -> None:
    """Revoked in the console, refused by the gateway."""
    page.goto("/keys")
    page.get_by_role("button", name="More for kitchen tablet").first.click()
    page.get_by_role("menuitem", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke kitchen tablet").click()
    expect(page.get_by_text("kitchen tablet is revoked.")).to_be_visible()
    client = openai.OpenAI(base_url=hearth.made["OPENAI_BASE_URL"], api_key=secret, max_retries=0)

    def refused() -> bool:
        try:
            client.models.list()
        except openai.AuthenticationError as error:
            return error.status_code == 401
        return False

    eventually(refused, within=60)
