"""`python -m benchmarks.conformance`: check a gateway, print the table, say how many failed."""

import argparse
import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.conformance import checks, gateways
from benchmarks.conformance.kit import PROMISES, Broken, Kit, Promise, Verdict, run, upstreams
from benchmarks.conformance.report import as_json, as_table, counted, keep
from benchmarks.processes import free_ports

REPORT = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"


def main() -> int:
    # Asked to end, it ends what it has started too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    chosen = _arguments()
    if chosen.print_config:
        a, b = chosen.upstream_port, chosen.upstream_port + 1
        urls = (f"http://{chosen.upstream_host}:{a}/v1", f"http://{chosen.upstream_host}:{b}/v1")
        print(gateways.configuration(chosen.print_config, urls))
        return 0
    promises = [each for each in PROMISES if not chosen.only or each.id in chosen.only]
    if not promises:
        print("No check has such a name; --list shows all.", file=sys.stderr)
        return 2
    if chosen.list:
        print("\n".join(f"{each.id:28} {each.text}" for each in promises))
        return 0
    try:
        name, verdicts = asyncio.run(_run(chosen, promises))
    except (Broken, TimeoutError, OSError) as problem:
        print(f"The gateway cannot be checked: {problem}", file=sys.stderr)
        return 2
    print(as_json(name, verdicts) if chosen.json else as_table(verdicts))
    print(f"{name}: {counted(verdicts)}", file=sys.stderr)
    if chosen.report:
        keep(REPORT, name, verdicts, on=datetime.now(UTC).date())
    return int(any(verdict.outcome == "fail" for verdict in verdicts))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conformance", description=__doc__)
    parser.add_argument("--base-url", help="the gateway, for example http://127.0.0.1:8000/v1")
    parser.add_argument("--key", default="", help="an API key it accepts")
    parser.add_argument("--model", default=gateways.MODEL, help="served by the first upstream")
    parser.add_argument("--pair-model", help="served by both upstreams, without preference")
    parser.add_argument("--budget-key", help="a key with a budget of tokens a day, unused so far")
    parser.add_argument("--budget-tokens", type=int, default=400, help="its budget")
    parser.add_argument("--pid", type=int, help="its process, when it runs on this machine")
    parser.add_argument("--upstream-host", default="127.0.0.1", help="where the upstreams listen")
    parser.add_argument("--upstream-port", type=int, default=18100, help="and the next one")
    parser.add_argument("--gateway", choices=("hearth", "litellm"), help="start this one here")
    parser.add_argument("--print-config", choices=("hearth", "litellm"))
    parser.add_argument("--patience", type=float, default=1.0, help="times every time limit")
    parser.add_argument("--only", action="append", metavar="CHECK", help="may be given repeatedly")
    parser.add_argument("--list", action="store_true", help="name the checks")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    parser.add_argument("--report", action="store_true", help="keep the table in the documentation")
    chosen = parser.parse_args()
    if not (chosen.base_url or chosen.gateway or chosen.print_config or chosen.list):
        parser.error("name the gateway by --base-url, or let --gateway start one")
    return chosen


def _tell(verdict: Verdict) -> None:
    print(f"{verdict.outcome:4} {verdict.seconds:5.1f} s  {verdict.id}", file=sys.stderr)


async def _run(chosen: argparse.Namespace, promises: list[Promise]) -> tuple[str, list[Verdict]]:
    """The gateway's name and one verdict per check."""
    if chosen.gateway:
        a, b = free_ports(2)
    else:
        a, b = chosen.upstream_port, chosen.upstream_port + 1
    pair = upstreams((a, b), chosen.upstream_host)
    async with AsyncExitStack() as stack:
        for upstream in pair:
            await stack.enter_async_context(upstream)
        if not chosen.gateway:
            kit = Kit(
                base_url=chosen.base_url,
                key=chosen.key,
                model=chosen.model,
                upstreams=pair,
                pair_model=chosen.pair_model,
                pid=chosen.pid,
                budget=(chosen.budget_key, chosen.budget_tokens) if chosen.budget_key else None,
                patience=chosen.patience,
            )
            return chosen.base_url, await run(kit, promises, _tell)
        starting = gateways.started(chosen.gateway, (pair[0].url, pair[1].url))
        gateway = await asyncio.to_thread(starting.__enter__)
        stack.push_async_callback(asyncio.to_thread, starting.__exit__, None, None, None)
        kit = Kit(
            base_url=gateway.base_url,
            key=gateway.key,
            model=gateways.MODEL,
            upstreams=pair,
            pair_model=gateways.PAIR_MODEL,
            pid=gateway.pid,
            restart=gateway.restart,
            budget=gateway.budget,
            held=gateway.held,
            let_go=gateway.let_go,
            patience=chosen.patience,
        )
        return gateway.name, await run(kit, promises, _tell)


if __name__ == "__main__":
    assert checks
    sys.exit(main())
