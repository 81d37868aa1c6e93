"""Keys, upstreams, routes and usage over HTTP, split by noun."""

from ninja import Router

from apps.gateway.api.keys import router as keys_router
from apps.gateway.api.limits import router as limits_router
from apps.gateway.api.requests import router as requests_router
from apps.gateway.api.routes import router as routes_router
from apps.gateway.api.upstreams import router as upstreams_router
from apps.gateway.api.usage import router as usage_router

router = Router()
router.add_router("", keys_router)
router.add_router("", limits_router)
router.add_router("", upstreams_router)
router.add_router("", routes_router)
router.add_router("", usage_router)
router.add_router("", requests_router)
