"""The product in a real browser: Chromium, driven by Playwright, on the demo company."""
