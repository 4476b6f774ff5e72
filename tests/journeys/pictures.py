"""What a page looks like on a phone and on a desktop."""

import os
import shutil
from pathlib import Path

from playwright.sync_api import Page

HOUSE = Path(__file__).parent.parent.parent


def picture(page: Page, name: str, folder: Path) -> None:
    """The page as a phone and as a desktop show it; the README's pictures are renewed when asked."""
    for width, height in ((390, 844), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways at {width} px"
    if os.environ.get("OE_SCREENSHOTS") and name in ("studio", "listen"):
        shutil.copy(folder / f"{name}-1280.png", HOUSE / "docs" / "screenshots" / f"{name}.png")
