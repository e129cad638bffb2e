"""Where servers and the `flask` command find the application."""

import os
import sys

from dotenv import load_dotenv

from app import create_app
from app.access.passwords import warn_of_weak_secrets
from app.config import ROOT, ConfigError
from app.scheduler import is_serving, start_when_serving

load_dotenv(ROOT / ".env")

try:
    app = create_app()
    config = app.extensions["tracker_config"]
    clock = start_when_serving(config)
    if is_serving():
        warn_of_weak_secrets(config)
except ConfigError as error:
    print(f"Cannot start: {error}", file=sys.stderr)
    # gunicorn starts a worker anew for ever unless it ends with this code of gunicorn's own.
    sys.exit(3 if os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn") else 1)
