"""Uploaded files: how large they may be, and what is said of one that is larger."""

from __future__ import annotations

from app.current import the_config


def most_bytes() -> int:
    """The largest upload, for `guard.takes_upload`."""
    # A form has some bytes besides the file.
    return _megabytes() * 2**20 + 2**16


def too_large() -> str:
    """The sentence about an upload, of one file or several, that is larger."""
    return (
        f"The upload is larger than {_megabytes()} MB. Send fewer files at a time, import with "
        "`flask import FILE`, which takes any size, or raise MAX_UPLOAD_MB."
    )


def _megabytes() -> int:
    config = the_config()
    return config.max_upload_mb
