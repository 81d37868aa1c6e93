"""The life of a key, in a real browser and with OpenAI's own client.

Issued with a limit, used, refused with its reason, raised, used again, rotated so that two secrets
work, revoked so that none does.
"""

import re
import shutil
import subprocess
import sys

import openai
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.browser import sign_in
from tests.journeys.conftest import Hearth
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.browser]

NAME = "kitchen tablet"
MODEL = "opsling"
# Gateways hear of a change within two seconds; a machine with other work to do takes longer.
HEARD_SECONDS = 60
SHOWN_MS = 30_000


class Program:
    """What somebody wrote against the API, with the secret it was given."""

    def __init__(self, hearth: Hearth, secret: str) -> None:
        self.client = openai.OpenAI(
            base_url=hearth.made["OPENAI_BASE_URL"], api_key=secret, max_retries=0
        )

    def asks(self) -> str:
        answer = self.client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "reboot db-07"}],
            max_tokens=32,
        )
        return answer.choices[0].message.content or ""

    def is_known(self) -> bool:
        """Listing models costs nothing of a budget."""
        try:
            return bool(self.client.models.list().data)
        except openai.AuthenticationError:
            return False

    def until_known(self) -> None:
        eventually(self.is_known, within=HEARD_SECONDS)

    def until_unknown(self) -> None:
        eventually(lambda: not self.is_known(), within=HEARD_SECONDS)

    def until_answered(self) -> str:
        said: list[str] = []

        def is_answered() -> bool:
            try:
                said.append(self.asks())
            except (openai.AuthenticationError, openai.RateLimitError, openai.InternalServerError):
                return False
            return True

        eventually(is_answered, within=HEARD_SECONDS)
        return said[-1]


def test_from_its_first_request_to_its_last(page: Page, hearth: Hearth) -> None:
    sign_in(page, hearth.made["HEARTH_ADMIN_PASSWORD"])

    secret = issue(page, tokens_per_day="60")
    program = Program(hearth, secret)
    assert "db-07" in program.until_answered()
    refused = use_up(program)
    assert refused.status_code == 429
    assert "60 tokens per day" in refused.message

    open_key(page)
    see_refusal(page)
    raise_limit(page)
    assert "db-07" in program.until_answered()

    new_secret = rotate(page)
    renewed = Program(hearth, new_secret)
    renewed.until_known()
    assert "db-07" in renewed.asks()
    assert "db-07" in program.asks(), "the old secret works as long as was promised"
    see_both(page, old=secret)

    revoke(page)
    program.until_unknown()
    renewed.until_unknown()
    for each in (program, renewed):
        with pytest.raises(openai.AuthenticationError):
            each.asks()
    see(page.get_by_text(re.compile("Revoked")).first)


def test_what_the_set_up_cards_say_runs_as_it_is(page: Page, hearth: Hearth) -> None:
    sign_in(page, hearth.made["HEARTH_ADMIN_PASSWORD"])
    page.goto("/keys?dialog=new-key")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What is it for?").fill("set-up cards")
    dialog.get_by_role("button", name="Make the key").click()
    secret = dialog.get_by_text(re.compile(r"^hk_live_[a-z0-9]+$")).first.inner_text().strip()
    Program(hearth, secret).until_known()

    if shutil.which("curl"):
        assert '"role":"assistant"' in run(["bash"], card(dialog, "curl")).replace(" ", "")
    assert run([sys.executable, "-"], card(dialog, "Python")).strip()
    assert run([sys.executable, "-"], card(dialog, "Anthropic SDK")).strip()
    assert "OPENAI_API_BASE=" in card(dialog, "aider")
    assert f'model: "{MODEL}"' in card(dialog, "Continue")
    # One of them was the first request, and the dialog has seen it come.
    see(dialog.get_by_text(re.compile("^First request")))


def see(element: Locator) -> None:
    expect(element).to_be_visible(timeout=SHOWN_MS)


def card(dialog: Locator, tool: str) -> str:
    """The last block of code of a tool: what comes before it installs."""
    dialog.get_by_role("button", name=tool, exact=True).click()
    return dialog.locator("pre").last.text_content() or ""


def run(interpreter: list[str], code: str) -> str:
    done = subprocess.run(
        interpreter, input=code, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown_secret(dialog: Locator) -> str:
    """The secret a dialog shows once; the dialog is left as a person leaves it."""
    shown = dialog.get_by_text(re.compile(r"^hk_live_[a-z0-9]+$")).first
    see(shown)
    secret = shown.inner_text().strip()
    dialog.get_by_label("I have stored the secret").check()
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_have_count(0, timeout=SHOWN_MS)
    return secret


def issue(page: Page, *, tokens_per_day: str) -> str:
    """With one limit of its own; what will be made is said before it is."""
    page.goto("/keys?dialog=new-key")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What is it for?").fill(NAME)
    dialog.get_by_role("button", name="your own").click()
    dialog.get_by_label("Tokens per day").fill(tokens_per_day)
    see(dialog.get_by_text(f"at most {tokens_per_day} tokens a day"))
    dialog.get_by_role("button", name="Make the key").click()
    secret = shown_secret(dialog)
    assert secret not in page.content(), "the secret is shown once"
    return secret


def use_up(program: Program) -> openai.RateLimitError:
    """Ask until the limit says no. A few answers use it up."""
    for _ in range(20):
        try:
            program.asks()
        except openai.RateLimitError as error:
            return error
    pytest.fail("Twenty answers fit under a limit of sixty tokens.")


def open_key(page: Page) -> None:
    page.goto("/keys")
    page.get_by_role("link", name=NAME).click()
    see(page.get_by_role("heading", level=1, name=NAME))


def see_refusal(page: Page) -> None:
    """The console says why it was refused, and what is left of the limit."""
    see(page.get_by_text(re.compile("limit of 60 tokens per day of key")))
    see(page.get_by_text("429 budget_exhausted"))
    row = page.get_by_role("row", name=re.compile("Tokens per day"))
    see(row.get_by_text(re.compile(r"of 60 used")))
    # What it used, in the chart of the last days.
    see(page.get_by_text(re.compile(r"^\d+ requests, \d+ failed$")))


def raise_limit(page: Page) -> None:
    """In the card of limits, where they stand."""
    page.get_by_role("button", name="Change limits").click()
    page.get_by_role("textbox", name="Tokens per day").fill("50 k")
    page.get_by_role("button", name="Save limits").click()
    row = page.get_by_role("row", name=re.compile("Tokens per day"))
    see(row.get_by_text(re.compile(r"of 50\sk used")))


def rotate(page: Page) -> str:
    page.get_by_role("button", name="Rotate", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="24 hours more").click()
    dialog.get_by_role("button", name="Make the new secret").click()
    see(dialog.get_by_role("heading", level=1, name=re.compile("New secret")))
    return shown_secret(dialog)


def see_both(page: Page, *, old: str) -> None:
    """Until when both work is said, and the old one is known as what it is."""
    see(page.get_by_role("heading", name="Two secrets work"))
    page.get_by_role("button", name="Test this key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Secret", exact=True).fill(old)
    dialog.get_by_role("button", name="Test it").click()
    see(dialog.get_by_text(f"{NAME} works"))
    see(dialog.get_by_text(re.compile("from before the rotation")))
    dialog.get_by_role("button", name="Close").first.click()
    expect(dialog).to_have_count(0, timeout=SHOWN_MS)


def revoke(page: Page) -> None:
    page.get_by_role("button", name=f"More for {NAME}").click()
    page.get_by_role("menuitem", name="Revoke").click()
    dialog = page.get_by_role("dialog")
    see(dialog.get_by_text(re.compile("Both of its secrets")))
    dialog.get_by_role("button", name=f"Revoke {NAME}").click()
    see(page.get_by_text(f"{NAME} is revoked."))
