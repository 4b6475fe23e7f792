"""`/docs` and `/redoc` without any other host: scripts and styles come from this engine."""

from __future__ import annotations

import html
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from nautilus.core.errors import NotFoundError, UnavailableError
from nautilus.server.routing import engine_router

__all__ = ["ASSETS", "docs_router"]

# Swagger UI (Apache-2.0) and Redoc (MIT), as the wheel of fastapi-offline carries them.
ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "redoc.standalone.js": "text/javascript",
    "favicon.png": "image/png",
}

# A script of the page itself would need 'unsafe-inline', so the two calls are files too.
STARTS = {
    "start-swagger.js": 'SwaggerUIBundle({url: "openapi.json", dom_id: "#docs", deepLinking: true,'
    " validatorUrl: null, displayOperationId: true});\n",
    "start-redoc.js": 'Redoc.init("openapi.json", {disableSearch: true, hideDownloadButton: false,'
    ' hideLoading: true}, document.getElementById("docs"));\n',
}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" type="image/png" href="docs/assets/favicon.png">
{style}</head>
<body>
<div id="docs"></div>
<script src="docs/assets/{script}"></script>
<script src="docs/assets/{start}"></script>
</body>
</html>
"""

SWAGGER_STYLE = '<link rel="stylesheet" href="docs/assets/swagger-ui.css">\n'


def docs_router() -> APIRouter:
    """Both pages and what they load."""
    router = engine_router("standard")
    router.include_in_schema = False
    for path, endpoint in (("/docs", swagger), ("/redoc", redoc), ("/docs/assets/{name}", asset)):
        router.add_api_route(path, endpoint, methods=["GET"], response_model=None)
    return router


async def swagger(request: Request) -> Response:
    """Swagger UI over the document of this engine."""
    return _page(request.app.title, "swagger-ui-bundle.js", "start-swagger.js", SWAGGER_STYLE)


async def redoc(request: Request) -> Response:
    """Redoc over the document of this engine."""
    return _page(request.app.title, "redoc.standalone.js", "start-redoc.js", "")


async def asset(name: str) -> Response:
    """A script, style or picture of the pages."""
    if name in STARTS:
        return Response(STARTS[name], media_type="text/javascript")
    if name not in ASSETS:
        raise NotFoundError(f"`name` must be one of {', '.join([*ASSETS, *STARTS])}.", field="name")
    return FileResponse(_folder() / name, media_type=ASSETS[name])


def _page(title: str, script: str, start: str, style: str) -> Response:
    text = PAGE.format(title=html.escape(title), script=script, start=start, style=style)
    headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
    return Response(text, headers=headers, media_type="text/html")


@cache
def _folder() -> Path:
    """The folder of the assets, without importing the package around it."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise UnavailableError(
            "The pages need fastapi-offline: pip install 'nautilus-quant[server]'."
            " /openapi.json works without."
        )
    return Path(spec.origin).parent / "static"
