"""The same parts as everywhere; only what makes tests slow is turned down."""

import os
from urllib.parse import urlsplit

from controlplane.settings import base
from controlplane.settings.base import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SECRET_KEY = "a-key-for-tests-that-is-long-enough-to-satisfy-every-check"
ALLOWED_HOSTS = ["*"]

# Tests that run side by side each have their own Redis database, as pytest-django gives each its
# own in Postgres. A process that a test starts inherits the choice.
_redis_database = os.environ.get("HEARTH_TEST_REDIS_DATABASE") or str(
    1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
)
_address = urlsplit(base.REDIS_URL)
if _address.scheme == "unix":
    REDIS_URL = f"unix://{_address.path}?db={_redis_database}"
    CELERY_BROKER_URL = f"redis+socket://{_address.path}?virtual_host={_redis_database}"
else:
    REDIS_URL = CELERY_BROKER_URL = _address._replace(path=f"/{_redis_database}").geturl()

OPERATION_LEASE_SECONDS = float(os.environ.get("HEARTH_TEST_LEASE_SECONDS", "15"))
OPERATION_HEARTBEAT_SECONDS = OPERATION_LEASE_SECONDS / 4
OPERATIONS_AT_ONCE = int(os.environ.get("HEARTH_TEST_OPERATIONS_AT_ONCE", "12"))
OPERATION_RESEND_SECONDS = float(os.environ.get("HEARTH_TEST_RESEND_SECONDS", "20"))
