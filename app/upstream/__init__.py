"""The one HTTP layer of all providers: bounded retries, honest errors, no secret in any word."""

from app.upstream.answer import ErrorClass
from app.upstream.client import Client, Traffic, UpstreamError
from app.upstream.wire import Limits

__all__ = ["Client", "ErrorClass", "Limits", "Traffic", "UpstreamError"]
