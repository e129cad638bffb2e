"""The one HTTP layer of all providers: bounded retries, honest errors, no secret in any word."""

from app.http.answer import ErrorClass
from app.http.client import Client, Traffic, UpstreamError
from app.http.wire import Limits

__all__ = ["Client", "ErrorClass", "Limits", "Traffic", "UpstreamError"]
