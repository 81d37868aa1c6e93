"""Usage over HTTP, and the table that gateways follow."""

import pytest

from apps.accounts.models import Team, User
from apps.core.redis import get_redis
from apps.gateway import actions
from apps.gateway.actions.publishing import _send
from apps.gateway.dataplane import snapshot
from tests.factories.accounts import make_team
from tests.gateway.control import published

# What is published is published on commit.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team(transactional_db: None) -> Team:
    return make_team(name="Ours", slug="ours")


class TestTheTable:
    def test_repaired_when_redis_has_lost_it(self, admin: User, team: Team) -> None:
        actions.issue_key(team=team, owner=admin, name="k")
        get_redis().delete(snapshot.SNAPSHOT_KEY)

        assert actions.repair_published_routes()
        assert len(published().keys) == 1
        assert not actions.repair_published_routes()

    def test_an_older_publisher_changes_nothing(self, admin: User, team: Team) -> None:
        actions.issue_key(team=team, owner=admin, name="k")
        before = published()
        assert not _send(snapshot.Snapshot(version=before.version - 1))
        assert published() == before
