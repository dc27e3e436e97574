"""Whether pages can be read and used by everybody, as far as a program can tell."""

from urllib.parse import urlsplit

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

_AXE = Axe()
_WCAG_2_AA = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")


async def barriers(page: Page, *rules: str) -> list[str]:
    """Where what is shown breaks axe-core's rules of WCAG 2 AA (contrast, labels, names …), or only these of them."""
    chosen = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": _WCAG_2_AA}
    options = {"runOnly": chosen, "resultTypes": ["violations"], "preload": False}
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_AXE.axe_script)
    found = await page.evaluate("options => axe.run(options).then(found => found.violations)", options)
    return [
        f"{urlsplit(page.url).path} {one['id']}: {node['html'][:160]} {node['failureSummary'].splitlines()[1]}"
        for one in found
        for node in one["nodes"]
    ]
