"""Going through a page with the keyboard alone, as somebody does who has no mouse."""

from playwright.sync_api import Page

# No page of ours should need more steps than this to reach anything.
TABS_MAX = 80
FOCUSED = """() => {
  const part = document.activeElement;
  if (!part || part === document.body) return null;
  const label = part.labels?.[0]?.innerText ?? "";
  const style = getComputedStyle(part);
  const isSeen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return { name: (part.innerText || label || part.value || "").trim(), isSeen };
}"""


def reach(page: Page, name: str) -> None:
    """Go forward from where the focus is until what begins with the name has it, and see that it shows it."""
    for _tab in range(TABS_MAX):
        focused = page.evaluate(FOCUSED)
        if focused and spoken(focused["name"]).startswith(name):
            assert focused["isSeen"], f"nothing shows that {name!r} has the focus"
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name!r} cannot be reached on {page.url} by the keyboard")


def spoken(words: str) -> str:
    """The words in one line; a part that only a screen reader gets stands apart in the page's text."""
    return " ".join(words.split()).replace(" :", ":")


def press_on(page: Page, name: str) -> None:
    """Reach it and press Enter."""
    reach(page, name)
    page.keyboard.press("Enter")


def go_by(page: Page, name: str) -> None:
    """Reach it, press Enter, and wait for the page that it leads to."""
    reach(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def tick(page: Page, name: str) -> None:
    """Reach the next box of that name and tick it."""
    reach(page, name)
    page.keyboard.press("Space")
