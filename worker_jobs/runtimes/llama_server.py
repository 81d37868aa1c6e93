"""The model server of the local runtime: llama.cpp's server from the xllamacpp package.

    python llama_server.py SPEC

SPEC is the `spec.json` of a replica. Once the model is loaded, the port goes to the handle named by
HEARTH_READY_FD; HEARTH_PORT is the port to try first. It listens on loopback only and wants the
replica's key from every caller.
"""

import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
EXIT_CANNOT_LOAD = 78  # known to replica_runner.py: trying again is pointless
PROMPT_CACHE_MEBIBYTES = 0  # beyond the slots themselves; the memory estimate knows of no other


def choose_port(wanted: int) -> int:
    """The wanted port if it is free, else 0: the system picks one."""
    if not wanted:
        return 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError:
            print(f"port {wanted} is taken by something else; choosing another", flush=True)  # noqa: T201 - this is its log
            return 0
    return wanted


def make_params(server: dict[str, Any], port: int) -> Any:
    """llama.cpp's parameters for one replica; `server` is that part of the spec."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = server["model_path"]
    params.model_alias = {server["alias"]}
    params.hostnames = [LOOPBACK]
    params.port = port
    params.api_keys = [server["api_key"]]
    params.n_parallel = server["slots"]
    params.n_ctx = server["context_length"] * server["slots"]
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type[
        f"GGML_TYPE_{server['kv_type'].upper()}"
    ]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = server["threads"]
    params.use_jinja = True
    params.cache_prompt = True
    params.cache_ram_mib = PROMPT_CACHE_MEBIBYTES
    # Weights that are rearranged for this processor would be held twice beside a mapped file.
    params.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE
    params.fit_params = False  # what was asked for, or an error: never silently less
    params.endpoint_metrics = params.endpoint_slots = True
    params.ui = False
    params.offline = True
    if server["embedding"]:
        params.embedding = True
        # A text is embedded in one piece: it has to fit into one batch.
        params.n_batch = params.n_ubatch = max(params.n_ubatch, server["context_length"])
        if not server["own_pooling"]:
            params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    return params


def main() -> None:
    server = json.loads(Path(sys.argv[1]).read_text())["server"]
    ready = int(os.environ["HEARTH_READY_FD"])
    os.set_inheritable(ready, False)  # noqa: FBT003 - the standard library's own signature
    port = choose_port(int(os.environ.get("HEARTH_PORT") or 0))

    import xllamacpp

    try:
        running = xllamacpp.Server(make_params(server, port))
    except RuntimeError as error:
        print(f"the model server did not start: {error}", flush=True)  # noqa: T201 - this is its log
        sys.exit(EXIT_CANNOT_LOAD)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.write(ready, running.listening_address.rpartition(":")[2].encode())
    os.close(ready)
    stop.wait()
    del running


if __name__ == "__main__":
    main()
