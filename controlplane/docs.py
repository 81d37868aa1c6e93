"""The page at /api/docs: the API to read and to try, without the internet."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

FILES_URL = "/api/docs/files/"
FILES_DIR = Path(str(files("ninja"))) / "static" / "ninja"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title} API</title>
<link rel="stylesheet" href="{files}swagger-ui.css">
</head>
<body data-api-csrf="true" data-csrf-token="{token}">
<script type="application/json" id="swagger-settings">{settings}</script>
<div id="swagger-ui"></div>
<script src="{files}swagger-ui-bundle.js"></script>
<script src="{files}swagger-ui-init.js"></script>
</body>
</html>
"""


class LocalSwagger(DocsBase):
    """ninja's page needs either a template engine or a CDN; this one needs neither."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        settings = {
            "layout": "BaseLayout",
            "deepLinking": True,
            "url": self.get_openapi_url(api, kwargs),
        }
        return HttpResponse(
            _PAGE.format(
                title=api.title,
                files=FILES_URL,
                token=get_token(request),
                settings=orjson.dumps(settings).decode(),
            )
        )
