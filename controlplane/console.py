"""Serving the console: its files, and one page for every address it routes itself."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe
from servestatic import ServeStaticASGI

from controlplane.docs import FILES_DIR, FILES_URL

_NOT_BUILT = (
    "The console is not built. Run `make console` in the checkout, then load this page again. "
    "The API under /api and the models under /v1 work without it."
)

# The names of these files change with their content, so browsers may keep them for ever.
_HASHED = r"^/assets/.+[.-][0-9a-zA-Z_-]{8,}\.\w+$"


def with_files(application: Any) -> Any:
    """The ASGI application with the built console's files before it, compressed where built so."""
    root = settings.CONSOLE_DIR
    served = ServeStaticASGI(
        application,
        root=str(root) if root.is_dir() else None,
        max_age=0,
        allow_all_origins=False,
        immutable_file_test=_HASHED,
        add_headers_function=_secure,
    )
    served.add_files(str(FILES_DIR), prefix=FILES_URL)
    return served


def _secure(headers: Any, path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"


@require_safe
@ensure_csrf_cookie
def index(request: HttpRequest) -> HttpResponse:
    page = settings.CONSOLE_DIR / "index.html"
    try:
        html = page.read_bytes()
    except FileNotFoundError:
        return HttpResponse(_NOT_BUILT, status=503, content_type="text/plain; charset=utf-8")
    response = HttpResponse(html, content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response
