"""Monitoring of the page itself on its own port: /metrics, /healthz and /readyz.

`/healthz` answers 200 while the server runs, `/readyz` while the store is readable.
"""

import asyncio

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from adapters.prometheus.registry import new_registry
from adapters.prometheus.reports import ReportMetrics
from apps.runtime.version import program_version

from .poller import Poller


def monitoring_routes(poller: Poller) -> APIRouter:
    """Return the routes for a poller."""
    registry = new_registry(program_version())
    ready = Gauge("tapeline_ready", "1 while /readyz would answer 200", registry=registry)
    ready.set_function(lambda: float(not poller.unready()))
    registry.register(ReportMetrics(poller.reports.read))
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    async def metrics() -> Response:
        # The reports are read in a worker thread.
        return Response(await asyncio.to_thread(generate_latest, registry), media_type=CONTENT_TYPE_LATEST)

    @router.get("/healthz")
    async def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @router.get("/readyz")
    async def readyz() -> PlainTextResponse:
        reasons = poller.unready()
        text = "".join(f"{reason}\n" for reason in reasons or ["ok"])
        return PlainTextResponse(text, 503 if reasons else 200)

    return router
