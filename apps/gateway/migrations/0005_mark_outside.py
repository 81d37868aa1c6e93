"""Upstreams that are outside by their address are marked so, and the routes that reach them go on."""

import ipaddress
from urllib.parse import urlsplit

from django.db import migrations

INSIDE = (".local", ".lan", ".internal", ".intranet", ".home", ".home.arpa", ".localhost")


def is_outside(base_url):
    host = (urlsplit(base_url).hostname or "").rstrip(".")
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(INSIDE)


def mark(apps, schema_editor):
    Upstream = apps.get_model("gateway", "Upstream")
    Route = apps.get_model("gateway", "Route")
    outside = [row.pk for row in Upstream.objects.all() if is_outside(row.base_url)]
    Upstream.objects.filter(pk__in=outside).update(leaves_house=True)
    leaving = set(Route.objects.filter(targets__upstream__in=outside).values_list("pk", flat=True))
    routes = list(Route.objects.all())
    found = True
    while found:
        names = {(row.team_id, row.name) for row in routes if row.pk in leaving}
        found = {
            row.pk
            for row in routes
            if row.pk not in leaving
            and any((row.team_id, step["to"]) in names for step in row.fallbacks)
        }
        leaving |= found
    Route.objects.filter(pk__in=leaving).update(may_leave_house=True)


class Migration(migrations.Migration):
    dependencies = [("gateway", "0004_probes_and_notices")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
