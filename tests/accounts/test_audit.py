"""What everybody did, and that nobody can rewrite it."""

import pytest
from django.db import InternalError, ProgrammingError, connection, transaction

from apps.accounts import queries
from apps.accounts.actions import record_audit_entry
from apps.accounts.models import AuditEntry
from tests.factories.operations import make_operation


def entry(team, **given):
    columns = {
        "team_id": team.pk, "actor_id": 1, "actor_name": "ada", "via": "session",
        "action": "deploy_model", "subject": "deployment", "subject_id": "1", "subject_name": "x",
        "result": "done", "status": 202, "address": "", "request_id": "r",
    }  # fmt: skip
    return record_audit_entry(**{**columns, **given})


def test_every_write_over_http_is_recorded_with_its_result(team, admin_client, caller_client):
    operation = make_operation(team=team)

    caller_client("viewer").post(f"/api/operations/{operation.pk}/cancel")
    admin_client.post(f"/api/operations/{operation.pk}/cancel")
    admin_client.get(f"/api/operations/{operation.pk}")

    said = admin_client.get("/api/audit").json()["items"]
    assert [(row["action"], row["result"], row["status"]) for row in said] == [
        ("cancel_operation", "done", 202),
        ("cancel_operation", "refused", 403),
    ]
    assert (said[0]["actor_name"], said[0]["subject"]) == ("ada", "operation")
    assert said[0]["subject_id"] == str(operation.pk)
    assert said[0]["request_id"]


@pytest.mark.parametrize("statement", ["UPDATE {} SET actor_name = 'eve'", "DELETE FROM {}"])
def test_the_database_refuses_to_rewrite(team, statement):
    entry(team)

    with (
        pytest.raises((InternalError, ProgrammingError), match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format("accounts_auditentry"))


def test_a_change_behind_the_databases_back_shows(team, admin_client):
    entry(team)
    changed = entry(team)
    entry(team)
    assert admin_client.get("/api/audit/check").json() == {"whole": True, "broken_at": None}

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_auditentry DISABLE TRIGGER audit_is_append_only")
    AuditEntry.objects.filter(pk=changed.pk).update(actor_name="eve")

    assert queries.find_broken_audit_entry() == changed
    assert admin_client.get("/api/audit/check").json()["broken_at"] == changed.pk


def test_only_those_who_may_read_it_do(caller_client):
    assert caller_client("auditor").get("/api/audit").status_code == 200
    assert caller_client("deployer").get("/api/audit").status_code == 403


def test_signing_in_is_about_the_session(client, admin, admin_client):
    admin.set_password("warm-and-quiet-7")
    admin.save()

    client.post(
        "/api/session",
        {"username": "ada", "password": "warm-and-quiet-7"},
        content_type="application/json",
    )

    admin.refresh_from_db()
    admin_client.force_login(admin)
    row = admin_client.get("/api/audit").json()["items"][0]
    assert (row["action"], row["subject"], row["result"]) == ("sign_in", "session", "done")
