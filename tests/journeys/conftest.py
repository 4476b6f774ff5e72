"""Patience in every journey: on two busy cores a page may take longer than Playwright's five seconds."""

from playwright.sync_api import expect

expect.set_options(timeout=20_000)
