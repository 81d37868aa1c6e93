from django.urls import path, re_path

from controlplane import console, health, metrics
from controlplane.api import api

metrics.register()

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("api/", api.urls),
    # Every other address belongs to the console's own router.
    re_path(r"^(?!api/|v1/|ws/|assets/).*$", console.index),
]
