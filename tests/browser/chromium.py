"""Chromium as the tests of pages use it: windows, keys, what it says, what a screen reader gets."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--disable-dev-shm-usage", "--lang=en-GB",
)  # fmt: skip

# Of every visible text: the ratio of its contrast to what is painted behind it.
_CONTRASTS = """
const parse = (color) => {
  const canvas = parse.canvas ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const over = ([r, g, b, a], under) => [r, g, b].map((c, n) => a * c + (1 - a) * under[n]).concat(1);
const behind = (element) => {
  const layers = [];
  for (let e = element; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
  const page = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
  return layers.reverse().reduce((under, layer) => over(layer, under), page);
};
const luminance = (color) => color.slice(0, 3).map((c) => c / 255)
  .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const text = walker.currentNode.data.trim(), element = walker.currentNode.parentElement;
  if (!text || element.closest("script, style, noscript, title, desc, option") || !element.checkVisibility()) continue;
  const style = getComputedStyle(element), under = behind(element);
  const ink = over(parse(element instanceof SVGElement ? style.fill : style.color), under);
  const [low, high] = [luminance(ink), luminance(under)].sort((a, b) => a - b);
  found.push([(high + 0.05) / (low + 0.05), text.slice(0, 40), element.className.baseVal ?? element.className]);
}
return found;
"""


@dataclass(frozen=True)
class Node:
    """What a screen reader is told of one element."""

    role: str
    name: str
    properties: dict


class Browser:
    """A browser with one window. binary, driver: of Chromium. profile: an empty folder."""

    def __init__(self, binary: str, driver: str, profile: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = binary
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(driver))

    def open(
        self, page: Path | str, *, width: int = 1280, height: int = 900, scheme: str = "light",
        scripts: bool = True,
    ) -> None:  # fmt: skip
        """Open a file or an address in a window of that size and colour scheme."""
        self.console()
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        media = {"media": "", "features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self._cdp("Emulation.setDeviceMetricsOverride", size)
        self._cdp("Emulation.setEmulatedMedia", media)
        self._cdp("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        self.driver.get(page.as_uri() if isinstance(page, Path) else page)

    def wait(self, script: str) -> None:
        """Until the JavaScript expression is true, half a minute at most."""
        WebDriverWait(self.driver, 30).until(lambda _: self.run(f"return Boolean({script})"))

    def run(self, script: str, *arguments):
        """What the body of a JavaScript function returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str):
        """The first element of a CSS selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def press(self, *keys: str) -> None:
        """Keys, one after the other, to whatever has the focus."""
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def focused(self) -> str:
        """The element with the focus, as tag#id, or its text where it has no id."""
        return self.run(
            "const e = document.activeElement;"
            "return e.tagName.toLowerCase() + (e.id ? '#' + e.id : ':' + e.textContent.slice(0, 30))"
        )

    def console(self) -> list[str]:
        """What was written to the console since it was last asked for, warnings and errors alone."""
        return [
            e["message"]
            for e in self.driver.get_log("browser")
            if e["level"] in ("WARNING", "SEVERE")
        ]

    def contrasts(self) -> list[list]:
        """[ratio, text, class] of every visible text."""
        return self.run(_CONTRASTS)

    def accessibility(self) -> list[Node]:
        """The accessibility tree, flat, in the order of the page."""
        self._cdp("Accessibility.enable", {})
        nodes = self._cdp("Accessibility.getFullAXTree", {})["nodes"]
        return [
            Node(
                node.get("role", {}).get("value", ""),
                node.get("name", {}).get("value", "") or "",
                {p["name"]: p["value"].get("value") for p in node.get("properties", ())},
            )
            for node in _in_order(nodes)
            if not node.get("ignored")
        ]

    def screenshot(self, file: Path) -> Path:
        """The whole page as a PNG."""
        size = self.run(
            "const e = document.documentElement; return [e.clientWidth, e.scrollHeight]"
        )
        clip = {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}
        taken = self._cdp("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        file.write_bytes(base64.b64decode(taken["data"]))
        return file

    def close(self) -> None:
        """End it."""
        self.driver.quit()

    def _cdp(self, command: str, arguments: dict) -> dict:
        return self.driver.execute_cdp_cmd(command, arguments)


def _in_order(nodes: list[dict]) -> list[dict]:
    by_id = {node["nodeId"]: node for node in nodes}
    found, waiting = [], [nodes[0]["nodeId"]]
    while waiting:
        node = by_id.get(waiting.pop())
        if node is not None:
            found.append(node)
            waiting += reversed(node.get("childIds", []))
    return found
