"""Asks the web process of this container how it is: `python -m openempathic.health_check`; 1 when it is unwell."""

import os
import sys
from urllib.parse import urlsplit

from openempathic.supervisor import is_healthy


def main() -> int:
    """Ask under the site's own name, since it answers to no other."""
    port = os.environ.get("PORT", "8000")
    site = os.environ.get("OE_SITE_URL", f"http://127.0.0.1:{port}")
    return 0 if is_healthy(f"http://127.0.0.1:{port}", named=urlsplit(site).netloc) else 1


if __name__ == "__main__":
    sys.exit(main())
