"""Every setting, read once from the environment. The other settings modules only override."""

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = Path(os.environ.get("HEARTH_VAR", BASE_DIR / "var")).resolve()
MODELS_DIR = VAR_DIR / "models"
REPLICAS_DIR = VAR_DIR / "replicas"
CONSOLE_DIR = Path(os.environ.get("HEARTH_CONSOLE_DIR", BASE_DIR / "frontend" / "dist"))

PUBLIC_URL = os.environ.get("HEARTH_URL", "http://127.0.0.1:8000").rstrip("/")


def _secret_key() -> str:
    path = os.environ.get("HEARTH_SECRET_KEY_FILE")
    return Path(path).read_text().strip() if path else ""


SECRET_KEY = _secret_key() or "only-for-management-commands-that-touch-no-secret"


def _database(url: str) -> dict[str, object]:
    """Django's settings for postgresql://user:password@host/name?host=/socket/directory."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    return {
        "ENGINE": "controlplane.postgres",
        "NAME": parts.path.lstrip("/") or "hearth",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", [parts.hostname or ""])[0],
        "PORT": str(parts.port or ""),
        # Trying again is the next request's affair: a long pause between tries would outlast the
        # outage that caused it.
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 24, "timeout": 10, "reconnect_timeout": 2}},
    }


DATABASES = {"default": _database(os.environ.get("DATABASE_URL", "postgresql:///hearth"))}
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")

ROOT_URLCONF = "controlplane.urls"
ASGI_APPLICATION = "controlplane.asgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "channels",
    "apps.core",
    "apps.accounts",
    "apps.operations",
    "apps.nodes",
    "apps.models",
    "apps.gateway",
]
MIDDLEWARE = [
    "controlplane.middleware.request_context",
    "controlplane.middleware.api_problems",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "controlplane.middleware.content_security_policy",
]
TEMPLATES: list[dict[str, object]] = []
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

ALLOWED_HOSTS = os.environ.get("HEARTH_ALLOWED_HOSTS", "*").split(",")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "controlplane.problems.csrf_failure"
CSRF_COOKIE_NAME = "hearth_csrf"
SESSION_COOKIE_NAME = "hearth_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024


# A queued message is only a wake-up call: who works on an operation is decided by its lease in
# Postgres. The broker must never hand a long job out twice by itself, hence the long visibility.
CELERY_BROKER_URL = (
    f"redis+socket://{REDIS_URL.removeprefix('unix://')}"
    if REDIS_URL.startswith("unix://")
    else REDIS_URL
)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 24 * 3600,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "global_keyprefix": "hearth:celery:",
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_IGNORE_RESULT = True
# Early: the lease brings lost work back, and a late acknowledgement over a connection that Redis
# took with it ends the whole worker.
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = "UTC"

SOCKETS_PER_USER = 20

OPERATION_LEASE_SECONDS: float = 15
OPERATION_HEARTBEAT_SECONDS: float = 4
OPERATION_LOST_WORKERS_ALLOWED = 3
OPERATION_RESEND_SECONDS: float = 20  # a waiting operation's message is sent again after this long
OPERATION_LOG_DAYS = 90
# Requests are kept for so many days, then dropped by whole months; what each hour came to, for so
# many months; what was asked and answered, where a key keeps it, for so many days.
REQUEST_DAYS = int(os.environ.get("HEARTH_REQUEST_DAYS", "90"))
USAGE_MONTHS = int(os.environ.get("HEARTH_USAGE_MONTHS", "36"))
BODY_DAYS = int(os.environ.get("HEARTH_BODY_DAYS", "7"))

OPERATIONS_AT_ONCE = 12  # per worker process; the other threads stay free for periodic jobs

# How patiently model servers are kept up: see POLICY in worker_jobs.runtimes.replica_runner.
REPLICA_POLICY: dict[str, float] = {}

# Where catalogue files come from; a mirror inside the building goes here.
MODEL_SOURCE_URL = os.environ.get("HEARTH_MODEL_SOURCE", "https://huggingface.co")
# "refuse" where people must not make this machine fetch from addresses inside the network.
MODEL_SOURCES_PRIVATE = os.environ.get("HEARTH_PRIVATE_SOURCES", "allow")
DOWNLOAD_STALL_SECONDS = 10.0
DOWNLOAD_RETRY_SECONDS = 1.0  # the first pause; each further one is twice as long
FILE_UPLOAD_TEMP_DIR = MODELS_DIR / "partial"  # so that an upload only has to be renamed

LOG_LEVEL = os.environ.get("HEARTH_LOG_LEVEL", "INFO")
LOGGING_CONFIG = "controlplane.logs.configure"
LOGGING: dict[str, object] = {"level": LOG_LEVEL}
