"""The ASGI app: the read API, the stream of updates, and the page's files."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from apps.http_security.credentials import Credentials
from apps.http_security.host_names import HostNames
from ports.errors import StoreError

from . import api, documentation, stream
from .error_response import error_response
from .limits import Limits
from .middleware.allowed_hosts import AllowedHosts
from .middleware.credentials_required import CredentialsRequired
from .middleware.request_limits import RequestLimits
from .middleware.security_headers import SecurityHeaders
from .monitoring_routes import monitoring_routes
from .page_source import PageSource
from .paging import BadRequestError
from .poller import Poller, TooManyWatchersError

STATIC: Final = Path(__file__).parent / "static"
BEAT_S: Final = 1.0
_log = structlog.get_logger("apps.web")
_NO_CREDENTIALS: Final = Credentials()
_USUAL_LIMITS: Final = Limits()
_CODES: Final = {404: "not_found", 405: "method_not_allowed"}


def create_app(
    source: PageSource,
    *,
    host_names: Collection[str] = (),
    credentials: Credentials = _NO_CREDENTIALS,
    limits: Limits = _USUAL_LIMITS,
    beat: Callable[[], None] = lambda: None,
) -> FastAPI:
    """Return the app. It answers to `host_names` as well as to this machine's own. The caller starts and closes the stores.

    The event loop calls `beat` each second while it runs.
    """
    poller = Poller(source)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(poller.run()), asyncio.create_task(_beat(beat))]
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    app = FastAPI(
        title="tapeline read API",
        version="1",
        description=(
            "Stored candles and trades. Prices and volumes are exact decimal strings. Times are given as ISO 8601 in UTC and as milliseconds"
            ' since the epoch. Spans are half-open. Errors have the form `{"error": {"code", "message"}}`.'
        ),
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        # The pages of FastAPI load scripts from other servers.
        docs_url=None,
        redoc_url=None,
    )
    app.state.poller = poller
    app.include_router(api.router)
    app.include_router(stream.router)
    app.include_router(documentation.router)
    app.include_router(monitoring_routes(poller))
    _add_error_handlers(app)
    app.mount("/", StaticFiles(directory=STATIC, html=True), name="page")
    # The middleware added last comes first.
    app.add_middleware(RequestLimits, limits=limits, lasting=("/api/stream",))
    app.add_middleware(CredentialsRequired, credentials=credentials)
    app.add_middleware(AllowedHosts, names=HostNames(host_names))
    app.add_middleware(SecurityHeaders)
    return app


async def _beat(beat: Callable[[], None]) -> None:
    while True:
        beat()
        await asyncio.sleep(BEAT_S)


def _add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors()]
        return error_response(400, "bad_request", "; ".join(faults))

    @app.exception_handler(BadRequestError)
    async def bad_request(_request: Request, error: BadRequestError) -> JSONResponse:
        return error_response(400, "bad_request", str(error))

    @app.exception_handler(StoreError)
    async def store_unavailable(_request: Request, error: StoreError) -> JSONResponse:
        return error_response(503, "store_not_readable", str(error))

    @app.exception_handler(TooManyWatchersError)
    async def too_many(_request: Request, error: TooManyWatchersError) -> JSONResponse:
        return error_response(503, "too_many_watchers", str(error))

    @app.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> JSONResponse:
        return error_response(error.status_code, _CODES.get(error.status_code, "error"), str(error.detail))

    @app.exception_handler(Exception)
    async def bug(_request: Request, error: Exception) -> JSONResponse:
        _log.error("page_request_failed", exc_info=error)
        return error_response(500, "internal_error", "internal error; see the log of the server")
