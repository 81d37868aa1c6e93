"""Of a document only what has changed is made anew."""

from typing import Any

import msgspec
import pytest

from apps.gateway.dataplane import snapshot
from apps.gateway.dataplane.keys import digest
from apps.gateway.dataplane.table_reading import Known, build_table, read_table

DOCUMENT = snapshot.Snapshot(
    version=1,
    keys=[
        snapshot.KeyEntry(id=number, team_id=1, digest=digest(str(number)), user_id=number)
        for number in range(3)
    ],
    upstreams=[snapshot.UpstreamEntry(id=1, name="up", base_url="http://h:1", sealed_key="sealed")],
    deployments=[
        snapshot.DeploymentEntry(
            id=5, name="dep", state="ready", replicas=[snapshot.ReplicaEntry("r1", "http://h:2")]
        )
    ],
    routes=[
        snapshot.RouteEntry(
            name="to-upstream",
            team_id=1,
            targets=[snapshot.TargetEntry(upstream_id=1)],
            aliases=["also"],
        ),
        snapshot.RouteEntry(
            name="to-deployment", team_id=1, targets=[snapshot.TargetEntry(deployment_id=5)]
        ),
    ],
)


class Reader:
    def __init__(self) -> None:
        self.known = Known()
        self.opened: list[str] = []

    def decrypt(self, sealed: str) -> str:
        self.opened.append(sealed)
        return "secret"

    def read(self, document: snapshot.Snapshot) -> Any:
        self.known = read_table(snapshot.encode(document), decrypt=self.decrypt, known=self.known)
        return self.known.table


@pytest.fixture
def reader() -> Reader:
    return Reader()


def changed(**values: Any) -> snapshot.Snapshot:
    return msgspec.structs.replace(DOCUMENT, version=2, **values)


class TestWhatIsMadeAnew:
    def test_nothing_when_nothing_has_changed(self, reader: Reader) -> None:
        before = reader.read(DOCUMENT)
        after = reader.read(changed())

        assert (before.version, after.version) == (1, 2)
        assert after.keys is before.keys
        assert all(after.routes[name] is route for name, route in before.routes.items())
        assert reader.opened == ["sealed"]

    def test_one_key(self, reader: Reader) -> None:
        before = reader.read(DOCUMENT)
        entry = msgspec.structs.replace(DOCUMENT.keys[0], name="renamed")
        after = reader.read(changed(keys=[entry, *DOCUMENT.keys[2:]]))

        assert after.keys[digest("0")].name == "renamed"
        assert digest("1") not in after.keys
        assert after.keys[digest("2")] is before.keys[digest("2")]

    def test_limits_that_keys_share(self, reader: Reader) -> None:
        reader.read(DOCUMENT)
        limits = snapshot.Limits(parallel=2)
        shared = snapshot.HolderEntry(level="user", id=2, team_id=1, limits=limits)
        after = reader.read(changed(holders=[shared]))

        assert [holder.limits[0] for holder in after.keys[digest("2")].holders] == [2]
        assert after.keys[digest("1")].holders == ()

    def test_the_routes_that_lead_to_what_has_changed(self, reader: Reader) -> None:
        before = reader.read(DOCUMENT)
        asleep = msgspec.structs.replace(DOCUMENT.deployments[0], state="asleep", replicas=[])
        after = reader.read(changed(deployments=[asleep]))

        assert after.routes[1, "to-deployment"].choices == ()
        assert after.routes[1, "to-upstream"] is before.routes[1, "to-upstream"]
        assert after.routes[1, "also"] is after.routes[1, "to-upstream"]

    def test_gauges_outlive_a_change_of_their_endpoint(self, reader: Reader) -> None:
        before = reader.read(DOCUMENT).routes[1, "to-upstream"].choices[0].endpoint
        before.load.inflight = 7
        renamed = msgspec.structs.replace(DOCUMENT.upstreams[0], name="renamed")
        after = reader.read(changed(upstreams=[renamed])).routes[1, "to-upstream"]

        assert after.choices[0].endpoint.name == "renamed"
        assert after.choices[0].endpoint.load is before.load

    def test_what_cannot_be_read_leaves_everything_as_it_was(self, reader: Reader) -> None:
        table = reader.read(DOCUMENT)

        with pytest.raises(msgspec.DecodeError):
            read_table(b'{"version":3,"keys":[{}]}', decrypt=reader.decrypt, known=reader.known)

        assert reader.known.table is table

    def test_it_is_the_same_as_made_from_nothing(self, reader: Reader) -> None:
        reader.read(DOCUMENT)
        document = changed(routes=DOCUMENT.routes[:1], keys=DOCUMENT.keys[1:])
        step_by_step = reader.read(document)
        at_once = build_table(document, decrypt=reader.decrypt, before=Known().table)

        assert step_by_step.routes.keys() == at_once.routes.keys()
        assert step_by_step.keys.keys() == at_once.keys.keys()
        assert step_by_step.places.keys() == at_once.places.keys()


class TestManyOfThem:
    def test_of_ten_thousand_keys_and_a_thousand_routes_one(self, reader: Reader) -> None:
        many = snapshot.Snapshot(
            version=1,
            keys=[
                snapshot.KeyEntry(id=number, team_id=number % 50, digest=f"{number:064x}")
                for number in range(10_000)
            ],
            upstreams=DOCUMENT.upstreams,
            routes=[
                snapshot.RouteEntry(
                    name=f"r{number}",
                    team_id=number % 50,
                    targets=[snapshot.TargetEntry(upstream_id=1)],
                )
                for number in range(1000)
            ],
        )
        before = reader.read(many)
        route = msgspec.structs.replace(many.routes[0], affinity="prefix")
        after = reader.read(msgspec.structs.replace(many, routes=[route, *many.routes[1:]]))

        assert len(after.keys) == 10_000
        assert after.keys is before.keys
        assert sum(after.routes[name] is not before.routes[name] for name in before.routes) == 1
