"""What every answer has in common, over a real web process."""

import logging
import re

import httpx
import pytest
from django.test import Client

from apps.accounts.actions import issue_token
from tests.factories.operations import make_operation

pytestmark = pytest.mark.django_db(transaction=True)


def is_problem(answer, status):
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == status
    assert said["title"]
    assert said["detail"]
    assert said["fix"]
    assert said["request_id"] == answer.headers["x-request-id"]
    return True


def test_unknown_addresses_and_wrong_methods_are_problems_too(web):
    assert is_problem(httpx.get(f"{web}/api/nonsense"), 404)
    assert is_problem(httpx.get(f"{web}/api/nodes/not-a-number"), 404)
    wrong = httpx.put(f"{web}/api/operations")
    assert is_problem(wrong, 405)
    assert "GET" in wrong.headers["allow"]


def test_a_body_that_is_not_json_is_a_problem(web):
    answer = httpx.post(
        f"{web}/api/session", content=b"{", headers={"content-type": "application/json"}
    )

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_bug_is_a_problem_with_the_requests_id(db, admin_client, monkeypatch):
    from apps.operations import queries

    def broken(**_):
        raise RuntimeError("the secret is hunter2")

    monkeypatch.setattr(queries, "list_operations", broken)
    answer = admin_client.get("/api/operations", headers={"X-Request-Id": "abcdef-123456"})

    assert answer.status_code == 500
    assert answer.json()["request_id"] == "abcdef-123456"
    assert "hunter2" not in answer.content.decode()


def test_a_session_without_its_csrf_token_is_refused_as_a_problem(db, admin):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)

    answer = client.post("/api/tokens", {"name": "x"}, content_type="application/json")

    assert answer.status_code == 403
    assert answer.json()["detail"] == "The request does not carry this session's CSRF token."


def test_the_callers_request_id_is_kept_and_nonsense_is_not(web):
    kept = httpx.get(f"{web}/api/session", headers={"X-Request-Id": "my-own-id-0001"})
    assert kept.headers["x-request-id"] == "my-own-id-0001"
    replaced = httpx.get(f"{web}/api/session", headers={"X-Request-Id": "no <script>"})
    assert len(replaced.headers["x-request-id"]) == 32


def test_the_access_log_has_no_secrets(db, caplog):
    secret = "ht_live_nobodyshouldseethis"
    with caplog.at_level(logging.INFO, logger="hearth.access"):
        Client(headers={"Authorization": f"Bearer {secret}"}).get(f"/api/session?token={secret}")

    (line,) = [vars(record) for record in caplog.records if record.name == "hearth.access"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/session", 401)
    assert line["milliseconds"] > 0
    assert "nobodyshouldseethis" not in f"{caplog.text} {line}"


def test_health_and_readiness(web):
    assert httpx.get(f"{web}/healthz").text == "ok\n"
    ready = httpx.get(f"{web}/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert set(ready.json()["parts"].values()) == {"ok"}


def test_metrics_are_for_this_machine_or_for_those_who_may(web, team, admin):
    make_operation(team=team)

    here = httpx.get(f"{web}/metrics")
    assert 'hearth_rows{state="queued",subject="operation"} 1.0' in here.text
    assert "hearth_database_up 1.0" in here.text
    through_a_proxy = {"X-Forwarded-For": "203.0.113.9"}
    assert httpx.get(f"{web}/metrics", headers=through_a_proxy).status_code == 401
    token = issue_token(user=admin, team=team, name="prometheus")[1]
    allowed = {**through_a_proxy, "Authorization": f"Bearer {token}"}
    assert httpx.get(f"{web}/metrics", headers=allowed).status_code == 200


def test_the_description_of_the_api_and_its_page_are_there(web):
    assert httpx.get(f"{web}/api/openapi.json").json()["info"]["title"] == "Hearth"
    page = httpx.get(f"{web}/api/docs")
    assert page.status_code == 200
    wanted = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(wanted) == 3
    for path in wanted:
        assert httpx.get(f"{web}{path}").status_code == 200, path
