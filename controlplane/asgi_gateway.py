"""Traffic alone: /v1 without the console, as many processes on one port as there are cores."""

import gc
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings.gateway")

from controlplane.dataplane import gateway

# What is loaded by now lives as long as the process: keep the collector off it.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 20)


async def application(scope: Any, receive: Any, send: Any) -> None:
    await gateway(scope, receive, send)
