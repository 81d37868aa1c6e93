"""Reading this machine, and machines that are described by what they print."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from apps.nodes.schemas import FactsOut
from worker_jobs.adapters import local_machine
from worker_jobs.adapters.local_machine import cgroup, cpu, gpus, storage
from worker_jobs.adapters.local_machine.commands import run_command

V3 = "avx avx2 bmi1 bmi2 f16c fma abm movbe xsave"
V2 = "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"

CORE_2_DUO = """\
processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Intel(R) Core(TM)2 Duo CPU     E8400  @ 3.00GHz
physical id\t: 0
flags\t\t: fpu sse sse2 ssse3 cx16 sse4_1 lahf_lm pni

processor\t: 1
physical id\t: 0
"""
RASPBERRY_PI_5 = """\
processor\t: 0
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm asimddp
CPU implementer\t: 0x41
CPU architecture: 8
CPU part\t: 0xd0b
"""


class TestThisMachine:
    def test_its_facts_have_the_shape_that_is_served(self, tmp_path: Path) -> None:
        facts = local_machine.read_facts(models_dir=tmp_path / "not" / "there")
        served = FactsOut.model_validate(facts)
        assert json.loads(json.dumps(facts)) == facts
        assert served.cpu.architecture == os.uname().machine
        assert served.cpu.threads == os.cpu_count()
        assert served.cpu.flags
        assert served.cpu.level
        assert served.memory.total_bytes == psutil.virtual_memory().total
        assert served.system.kernel == os.uname().release
        assert served.system.name
        assert sum(mount.holds_models for mount in served.mounts) == 1

    def test_memory_speed_is_of_this_world(self, tmp_path: Path) -> None:
        facts = local_machine.read_facts(models_dir=tmp_path)
        speed = facts["memory"]["bandwidth_bytes_per_second"]
        assert 100e6 < speed < 10e12

    def test_a_sample_says_how_busy_it_is(self, tmp_path: Path) -> None:
        local_machine.read_sample(models_dir=tmp_path)
        with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
            try:
                busy_for = psutil.Process(busy.pid)
                while busy_for.cpu_times().user < 0.3:
                    busy.poll()
                sample = local_machine.read_sample(models_dir=tmp_path)
            finally:
                busy.kill()
        assert 0.1 < sample["cpu_share"] <= 1
        assert 0 < sample["memory_available"] <= sample["memory_total"]
        assert 0 < sample["disk_free"] <= sample["disk_total"]

    def test_nothing_needs_sys_or_helper_programs(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As in a bare chroot: no /sys, no lsblk, no nvidia-smi, no systemd."""
        gone = tmp_path / "no-sys"
        monkeypatch.setattr(storage, "BLOCK_DEVICES", gone)
        monkeypatch.setattr(gpus, "CARDS", gone)
        monkeypatch.setattr(cgroup, "CGROUPS", gone)
        facts = local_machine.read_facts(models_dir=tmp_path, run=lambda _: None)
        assert facts["disks"] == []
        assert facts["gpus"] == []
        assert "cannot be read" in facts["unknown"]["disks"]
        FactsOut.model_validate(facts)
        local_machine.read_sample(models_dir=tmp_path, run=lambda _: None)


class TestProcessors:
    @pytest.mark.parametrize(
        ("machine", "flags", "level"),
        [
            ("x86_64", "sse sse2", "x86-64-v1"),
            ("x86_64", V2, "x86-64-v2"),
            ("x86_64", f"{V2} {V3}", "x86-64-v3"),
            ("x86_64", V3, "x86-64-v1"),
            ("x86_64", f"{V2} {V3} avx512f avx512bw avx512cd avx512dq avx512vl", "x86-64-v4"),
            ("x86_64", f"{V2} {V3} avx512f", "x86-64-v3"),
            ("aarch64", "asimd", "armv8-a"),
            ("aarch64", "asimd asimddp atomics", "armv8.2-a"),
            ("aarch64", "asimd asimddp atomics sve2", "armv9-a"),
            ("armv7l", "neon", "armv7-a"),
            ("riscv64", "", "riscv64"),
        ],
    )
    def test_levels(self, machine: str, flags: str, level: str) -> None:
        assert cpu.instruction_level(machine, flags.split()) == level

    def test_an_old_processor_without_avx(self) -> None:
        described = cpu.describe_cpu(CORE_2_DUO, "x86_64")
        assert described["model"].startswith("Intel(R) Core(TM)2 Duo")
        assert described["level"] == "x86-64-v1"
        assert described["features"] == []
        assert described["sockets"] == 1

    def test_an_arm_board(self) -> None:
        described = cpu.describe_cpu(RASPBERRY_PI_5, "aarch64")
        assert "Cortex-A76" in described["model"]
        assert described["vendor"] == "Arm"
        assert described["level"] == "armv8.2-a"
        assert described["features"] == ["NEON", "dot product"]

    def test_an_empty_cpuinfo(self) -> None:
        assert cpu.describe_cpu("", "x86_64")["model"] == "x86_64"


class TestCards:
    def test_nvidia_cards(self) -> None:
        unknown: dict[str, str] = {}
        (first, second) = gpus.read_gpus(_two_cards, unknown)
        assert first["name"] == "NVIDIA GeForce RTX 3090"
        assert first["memory_bytes"] == 24_576 * 2**20
        assert first["driver"] == "550.54.14"
        assert second["index"] == 1
        assert unknown == {}

    def test_their_load(self) -> None:
        (first, second) = gpus.read_gpu_load(_two_cards)
        assert first == {
            "index": 0,
            "busy_share": 0.78,
            "memory_total": 24_576 * 2**20,
            "memory_free": 4_000 * 2**20,
        }
        assert second["busy_share"] is None

    @pytest.mark.parametrize(
        "printed",
        [None, "", "No devices were found\n", "x,y\n", "[N/A], [N/A], [N/A], [N/A]\n"],
    )
    def test_a_tool_that_has_nothing_to_say(self, printed: str | None) -> None:
        assert gpus.read_gpu_load(lambda _: printed) == []

    def test_cards_without_nvidias_tool(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number, (vendor, memory) in enumerate(
            [("0x1002", 16 * 2**30), ("0x10de", None), ("0x1234", None)]
        ):
            device = tmp_path / f"card{number}" / "device"
            device.mkdir(parents=True)
            (device / "vendor").write_text(f"{vendor}\n")
            (device / "device").write_text("0x744c\n")
            if memory:
                (device / "mem_info_vram_total").write_text(f"{memory}\n")
        (tmp_path / "card0-DP-1").mkdir()
        monkeypatch.setattr(gpus, "CARDS", tmp_path)
        unknown: dict[str, str] = {}
        found = gpus.read_gpus(lambda _: None, unknown)
        assert [(card["vendor"], card["memory_bytes"]) for card in found] == [
            ("AMD", 16 * 2**30),
            ("NVIDIA", None),
        ]
        assert "nvidia-smi" in unknown["gpus"]


class TestContainers:
    def test_a_limit_counts_and_page_cache_does_not(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "memory.max").write_text("2000000000\n")
        (tmp_path / "memory.current").write_text("1500000000\n")
        (tmp_path / "memory.stat").write_text("anon 500000000\ninactive_file 1000000000\n")
        (tmp_path / "cpu.max").write_text("50000 100000\n")
        monkeypatch.setattr(cgroup, "CGROUPS", tmp_path)
        assert cgroup.memory_limit() == 2_000_000_000
        assert cgroup.memory_now() == (2_000_000_000, 1_500_000_000)
        assert cgroup.usable_threads() == 0.5

    def test_no_limit(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "memory.max").write_text("max\n")
        (tmp_path / "cpu.max").write_text("max 100000\n")
        monkeypatch.setattr(cgroup, "CGROUPS", tmp_path)
        assert cgroup.memory_limit() is None
        assert cgroup.memory_now()[0] == psutil.virtual_memory().total


class TestCommands:
    def test_what_a_program_prints(self) -> None:
        assert run_command(["echo", "it"]) == "it\n"

    @pytest.mark.parametrize("command", [["no-such-program-here"], ["false"]])
    def test_a_program_that_is_missing_or_fails(self, command: list[str]) -> None:
        assert run_command(command) is None


def _two_cards(command: Sequence[str]) -> str | None:
    if command[0] != "nvidia-smi":
        return None
    if "utilization" in command[1]:
        return "0, 78, 24576, 4000\n1, [N/A], 24576, 24000\n"
    return (
        "0, NVIDIA GeForce RTX 3090, 24576, 550.54.14\n"
        "1, NVIDIA GeForce RTX 3090, 24576, 550.54.14\n"
    )
