"""The body of every error response."""

from pydantic import BaseModel, Field


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(description="For programs", examples=["bad_request"])
    message: str = Field(description="For people")


class ErrorOut(BaseModel):
    """An error response."""

    error: ErrorDetail
