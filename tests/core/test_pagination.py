"""Lists by cursor."""

import pytest

from apps.core.errors import Invalid
from apps.core.pagination import MAX_LIMIT, paginate
from apps.operations.models import Operation
from tests.factories.operations import make_operation


def walk(order, limit):
    seen, cursor = [], None
    while True:
        page = paginate(Operation.objects.all(), limit=limit, cursor=cursor, order=order)
        seen += [row.subject_id for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return seen


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("order", ["created_at", "-created_at", "kind", "-kind"])
def test_every_row_comes_once_in_order(team, order, limit):
    """Also where many rows have the same value: `kind` is equal for all of them."""
    for number in range(7):
        make_operation(team=team, subject_id=str(number))

    seen = walk(order, limit)

    assert sorted(seen) == list("0123456")
    if "created_at" in order:
        assert seen == sorted(seen, reverse=order.startswith("-"))


def test_rows_that_come_meanwhile_move_nothing(team):
    for number in range(4):
        make_operation(team=team, subject_id=str(number))
    first = paginate(Operation.objects.all(), limit=2, order="-created_at")
    make_operation(team=team, subject_id="new")

    second = paginate(
        Operation.objects.all(), limit=2, cursor=first["next_cursor"], order="-created_at"
    )

    assert [row.subject_id for row in second["items"]] == ["1", "0"]


@pytest.mark.parametrize("cursor", ["x", "!!!", "bm90IGpzb24", "WzFd"])
def test_a_cursor_that_is_not_ours_is_refused(db, cursor):
    with pytest.raises(Invalid):
        paginate(Operation.objects.all(), cursor=cursor)


@pytest.mark.parametrize("cursor", ["WyJub3QgYSBkYXRlIiwgIm5vdCBhbiBpZCJd"])
def test_a_cursor_with_nonsense_in_it_is_refused_over_http(admin_client, cursor):
    assert admin_client.get(f"/api/operations?cursor={cursor}").status_code == 422


def test_a_page_has_a_largest_size(team):
    assert len(paginate(Operation.objects.all(), limit=10**9)["items"]) <= MAX_LIMIT
    make_operation(team=team)
    assert len(paginate(Operation.objects.all(), limit=-5)["items"]) == 1


def test_a_list_asks_the_database_as_often_for_many_rows_as_for_one(
    team, admin_client, django_assert_max_num_queries
):
    for number in range(30):
        make_operation(team=team, subject_id=str(number))

    with django_assert_max_num_queries(6):
        assert len(admin_client.get("/api/operations").json()["items"]) == 30
