"""For machines where the ground is laid by systemd: refuses to start without real secrets."""

import os

from controlplane.settings.base import *

if not os.environ.get("HEARTH_SECRET_KEY_FILE"):
    raise RuntimeError("Set HEARTH_SECRET_KEY_FILE to a file with at least 50 random characters.")

DEBUG = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
