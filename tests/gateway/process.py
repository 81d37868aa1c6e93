"""A gateway in a process of its own, for tests that kill it:
`python -m … REDIS_URL FOLDER ['{"setting": value}']`."""

import json
import socket
import sys
from pathlib import Path

import uvicorn

from apps.gateway.dataplane.app import create_app
from tests.gateway.harness import config


def main() -> None:
    redis_url, folder = sys.argv[1], Path(sys.argv[2])
    changes = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)  # noqa: T201
        app = create_app(config(redis_url, folder, **changes))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
        server.run(sockets=[listener])


if __name__ == "__main__":
    main()
