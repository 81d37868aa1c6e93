"""Serving the console: one page for every address it routes itself."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

_NOT_BUILT = (
    "The console is not built. Run `make console` in the checkout, then load this page again. "
    "The API under /api and the models under /v1 work without it."
)


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
