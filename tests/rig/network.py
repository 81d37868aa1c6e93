"""The bridge, and for each machine a network namespace with one cable into it."""

from dataclasses import dataclass
from pathlib import Path

from tests.rig.base import RigProblem, run

SUBNET = "10.78.0"
BRIDGE = "hearthrig0"
GATEWAY = f"{SUBNET}.1"


def start_bridge() -> None:
    if Path(f"/sys/class/net/{BRIDGE}").exists():
        return
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    run("ip", "addr", "add", f"{GATEWAY}/24", "dev", BRIDGE)
    run("ip", "link", "set", BRIDGE, "up")


def remove_bridge() -> None:
    if Path(f"/sys/class/net/{BRIDGE}").exists():
        run("ip", "link", "del", BRIDGE)


@dataclass(frozen=True)
class Cable:
    """A machine's network card and what it is plugged into. `number` is 1 to 240."""

    number: int

    @property
    def namespace(self) -> str:
        return f"hearthrig-{self.number}"

    @property
    def end(self) -> str:
        return f"hearthrig-v{self.number}"

    @property
    def address(self) -> str:
        return f"{SUBNET}.{10 + self.number}"

    @property
    def mac(self) -> str:
        return f"52:54:00:78:00:{10 + self.number:02x}"

    def plug_in(self) -> None:
        if not Path(f"/run/netns/{self.namespace}").exists():
            run("ip", "netns", "add", self.namespace)
            run(
                "ip", "link", "add", self.end, "type", "veth",
                "peer", "name", "eth0", "netns", self.namespace, "address", self.mac,
            )  # fmt: skip
            self._inside("addr", "add", f"{self.address}/24", "dev", "eth0")
            self._inside("link", "set", "lo", "up")
        self.rejoin()
        self.restore()

    def unplug(self) -> None:
        for command in (("ip", "netns", "del", self.namespace), ("ip", "link", "del", self.end)):
            try:
                run(*command)
            except RigProblem as problem:
                if "Cannot find device" in str(problem) or "No such file" in str(problem):
                    continue
                raise

    def switch_on(self) -> None:
        self._inside("link", "set", "eth0", "up")
        self._inside("route", "replace", "default", "via", GATEWAY)

    def switch_off(self) -> None:
        """A card without power answers nothing."""
        self._inside("link", "set", "eth0", "down")

    def cut(self) -> None:
        """The cable is pulled: the carrier is gone, and the machine sees it."""
        run("ip", "link", "set", self.end, "down")

    def restore(self) -> None:
        run("ip", "link", "set", self.end, "up")

    def isolate(self) -> None:
        """The carrier stays, every frame is lost: connections hang instead of failing."""
        run("ip", "link", "set", self.end, "nomaster")

    def rejoin(self) -> None:
        run("ip", "link", "set", self.end, "master", BRIDGE)

    def _inside(self, *command: str) -> None:
        run("ip", "-n", self.namespace, *command)
