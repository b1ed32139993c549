"""Hooks of mkdocs: pages from outside docs/, their links, and llms.txt."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

# Where the pages of the repository's other folders stand in the site.
PAGES = {
    "README.md": "index.md",
    "README.zh-CN.md": "zh.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "benchmarks/RESULTS.md": "results.md",
    "benchmarks/EXPERIMENTS.md": "experiments.md",
}
_OLD_PLACES = {new: old for old, new in PAGES.items()}

_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]\[]*)\]\((?P<to>[^)\s]+)\)")
_SOURCE = re.compile(r'(?P<attribute>src|srcset)="(?P<to>docs/[^"]+)"')
_FENCE = re.compile(r"^(```.*?^```)", re.MULTILINE | re.DOTALL)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that stand outside docs/."""
    from mkdocs.structure.files import File

    for old, new in PAGES.items():
        text = (ROOT / old).read_text(encoding="utf-8")
        files.append(File.generated(config, new, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead links to where their pages stand in the site; what is no page becomes plain text."""
    here = _OLD_PLACES.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def led(found: re.Match[str]) -> str:
        place, mark, anchor = found["to"].partition("#")
        if not place or re.match(r"[a-z]+:", place):
            return found[0]
        target = os.path.normpath(os.path.join(os.path.dirname(here), place))
        new = PAGES.get(target) or target.removeprefix("docs/")
        if new == target:  # of the repository alone
            return f"{found['text']} (`{target}`)" if found["text"] != target else f"`{target}`"
        to = os.path.relpath(new, os.path.dirname(page.file.src_uri) or ".")
        return f"{found['image']}[{found['text']}]({to}{mark}{anchor})"

    parts = _FENCE.split(markdown)
    parts[::2] = [_LINK.sub(led, part) for part in parts[::2]]
    text = "".join(parts)
    return _SOURCE.sub(lambda found: f'{found["attribute"]}="{found["to"][5:]}"', text)


def on_post_build(config: Any) -> None:
    """Write llms.txt: what the project is, and each page with its first sentences."""
    lines = [f"# {config.site_name}", "", f"> {config.site_description}", ""]
    for section, pages in _sections(config.nav):
        lines += [f"## {section}", ""] if section else []
        for title, source in pages:
            place = f"{source.removesuffix('.md')}/".removeprefix("index/")
            lines.append(f"- [{title}]({place or './'}): {_opening(source)}")
        lines.append("")
    Path(config.site_dir, "llms.txt").write_text("\n".join(lines), encoding="utf-8")


def _sections(nav: list[dict[str, Any]]) -> list[tuple[str, list[tuple[str, str]]]]:
    found: list[tuple[str, list[tuple[str, str]]]] = [("Start", [])]
    for entry in nav:
        ((title, value),) = entry.items()
        if isinstance(value, str):
            found[0][1].append((title, value))
        else:
            found.append((title, [pair for page in value for pair in page.items()]))
    return found


def _opening(source: str) -> str:
    """The first paragraph of a page, without its marks."""
    path = ROOT / _OLD_PLACES.get(source, f"docs/{source}")
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"<!--.*?-->|<picture>.*?</picture>|^```.*?^```", "", text, flags=re.S | re.M)
    paragraphs = (paragraph.strip() for paragraph in re.split(r"\n\s*\n", text))
    prose = (p for p in paragraphs if p and not p.startswith(("#", ":::", "|", "-")))
    plain = _LINK.sub(lambda found: found["text"], next(prose, ""))
    words = " ".join(re.sub(r"[*`]", "", plain).split())
    return words if len(words) <= 300 else f"{words[:300].rsplit(' ', 1)[0]} …"
