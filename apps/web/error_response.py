"""The JSON of every error: `{"error": {"code", "message"}}`."""

from collections.abc import Mapping

from starlette.responses import JSONResponse


def error_response(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return an error response with this HTTP status; `code` is for programs, `message` for people."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)
