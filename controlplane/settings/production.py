"""For machines where the ground is laid by systemd: refuses to start without real secrets."""

import os

from controlplane.settings.base import *

if not os.environ.get("HEARTH_SECRET_KEY_FILE"):
    raise RuntimeError("Set HEARTH_SECRET_KEY_FILE to a file with at least 50 random characters.")

DEBUG = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Only over https, and for a month: long enough to matter, short enough to go back.
SECURE_HSTS_SECONDS = 30 * 24 * 3600 if PUBLIC_URL.startswith("https://") else 0
SILENCED_SYSTEM_CHECKS = [
    "security.W003",  # apps.accounts.auth checks the token of every request with a session
    "security.W005",  # other names under the same domain are not ours to decide about
    "security.W008",  # the proxy that ends TLS redirects; the gateway's clients do not follow
    "security.W021",
]
