"""Signing in, out, and the brake on guessing."""

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import Client

from apps.accounts.models import AuditEntry
from tests.factories.accounts import PASSWORD, make_team, make_user


def sign_in(client, username, password, **headers):
    return client.post(
        "/api/session",
        {"username": username, "password": password},
        content_type="application/json",
        headers=headers,
    )


def test_signing_in_opens_the_api_and_signing_out_closes_it(admin):
    client = Client(enforce_csrf_checks=True)

    answer = sign_in(client, "ada", PASSWORD)

    assert answer.status_code == 200, answer.content
    said = answer.json()
    assert (said["user"]["username"], said["role"], said["via"]) == ("ada", "admin", "session")
    assert "manage_people" in said["permissions"]
    assert client.get("/api/session").status_code == 200
    csrf = client.cookies["hearth_csrf"].value
    assert client.delete("/api/session").status_code == 403  # no CSRF token
    assert client.delete("/api/session", headers={"X-CSRFToken": csrf}).status_code == 204
    assert client.get("/api/session").status_code == 401


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(admin):
    wrong = sign_in(Client(), "ada", "not this one").json()
    unknown = sign_in(Client(), "nobody", "not this one").json()

    for said in (wrong, unknown):
        said.pop("request_id")
    assert wrong == unknown
    assert wrong["status"] == 401
    assert wrong["fix"]


def test_after_eight_wrong_passwords_the_account_waits(admin):
    for _ in range(8):
        assert sign_in(Client(), "ada", "wrong").status_code == 401

    answer = sign_in(Client(), "ada", PASSWORD)

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_an_address_that_tries_many_names_waits_too(admin):
    for number in range(30):
        assert sign_in(Client(), f"name-{number}", "wrong").status_code == 401

    assert sign_in(Client(), "ada", PASSWORD).status_code == 429


def test_another_sites_page_cannot_sign_somebody_in(admin):
    assert sign_in(Client(), "ada", PASSWORD, origin="https://evil.example").status_code == 403
    assert sign_in(Client(), "ada", PASSWORD, origin="http://testserver").status_code == 200


def test_a_new_password_ends_the_other_sessions(admin):
    here, elsewhere = Client(), Client()
    sign_in(here, "ada", PASSWORD)
    sign_in(elsewhere, "ada", PASSWORD)
    assert len(here.get("/api/sessions").json()["items"]) == 2

    changed = here.post(
        "/api/profile/password",
        {"current": PASSWORD, "new": "another long password"},
        content_type="application/json",
    )

    assert changed.status_code == 204, changed.content
    assert here.get("/api/session").status_code == 200
    assert elsewhere.get("/api/session").status_code == 401
    assert [browser["is_current"] for browser in here.get("/api/sessions").json()["items"]] == [
        True
    ]


def test_a_token_works_until_it_is_revoked(admin_client):
    made = admin_client.post("/api/tokens", {"name": "ci"}, content_type="application/json")
    assert made.status_code == 201
    secret, token_id = made.json()["secret"], made.json()["id"]
    script = Client(headers={"Authorization": f"Bearer {secret}"})

    assert script.get("/api/session").json()["via"] == "token"
    assert secret not in admin_client.get("/api/tokens").content.decode()
    admin_client.delete(f"/api/tokens/{token_id}")
    assert script.get("/api/session").status_code == 401


def test_a_token_cannot_change_the_password(admin_client):
    made = admin_client.post("/api/tokens", {"name": "ci"}, content_type="application/json")
    script = Client(headers={"Authorization": f"Bearer {made.json()['secret']}"})

    answer = script.post(
        "/api/profile/password",
        {"current": PASSWORD, "new": "another long password"},
        content_type="application/json",
    )

    assert answer.status_code == 403


def test_the_profile_keeps_language_and_theme(admin_client):
    changed = admin_client.patch(
        "/api/profile", {"language": "de", "theme": "dark"}, content_type="application/json"
    )

    assert (changed.json()["language"], changed.json()["theme"]) == ("de", "dark")
    assert admin_client.get("/api/session").json()["user"]["language"] == "de"


def test_signing_in_leaves_a_trace_also_when_it_fails(admin):
    sign_in(Client(), "ada", "wrong")
    sign_in(Client(), "ada", PASSWORD)

    entries = AuditEntry.objects.order_by("pk").values_list("action", "actor_name", "result")
    assert list(entries) == [("sign_in", "ada", "refused"), ("sign_in", "ada", "done")]
    assert "wrong" not in str(AuditEntry.objects.values())


@pytest.mark.slow
def test_an_unknown_name_costs_the_same_slow_hash_as_a_wrong_password(admin, settings, monkeypatch):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    admin.set_password(PASSWORD)
    admin.save()
    hashed = []
    for name in ("encode", "verify"):
        real = getattr(Argon2PasswordHasher, name)

        def counting(*given, _real=real):
            hashed.append(_real.__name__)
            return _real(*given)

        monkeypatch.setattr(Argon2PasswordHasher, name, counting)

    sign_in(Client(), "ada", "wrong")
    for_known = len(hashed)
    sign_in(Client(), "nobody", "wrong")

    assert for_known == len(hashed) - for_known == 1


def test_people_of_another_team_are_not_there(admin_client):
    stranger = make_user(team=make_team())

    answer = admin_client.patch(
        f"/api/users/{stranger.pk}", {"role": "admin"}, content_type="application/json"
    )

    assert answer.status_code == 404


def test_one_admin_always_remains(admin, admin_client):
    answer = admin_client.patch(
        f"/api/users/{admin.pk}", {"role": "viewer"}, content_type="application/json"
    )

    assert answer.status_code == 409
    assert admin_client.get("/api/session").json()["role"] == "admin"


def test_an_admin_adds_a_person_and_changes_the_role(admin_client):
    made = admin_client.post(
        "/api/users",
        {"username": "bob", "password": "a fine long password", "role": "operator"},
        content_type="application/json",
    )
    assert made.status_code == 201, made.content
    changed = admin_client.patch(
        f"/api/users/{made.json()['id']}", {"role": "viewer"}, content_type="application/json"
    )

    assert changed.json()["role"] == "viewer"
    weak = admin_client.post(
        "/api/users", {"username": "eve", "password": "short"}, content_type="application/json"
    )
    assert weak.status_code == 422
