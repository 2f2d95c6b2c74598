"""What the site has beside the guides: the README as its first page, and a picture of every page of the dashboards.

`make screenshots` makes the pictures, into `.caregap/screenshots`; without them the page says so. A link out of `docs/` would
lead nowhere in the site, so its words alone are kept.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
PICTURES = ROOT / ".caregap" / "screenshots"
_FETCHED = '<script src="https://unpkg.com/iframe-worker/shim"></script>'
_OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+[^)]+\)|\[([^\]]+)\]\((?!docs/)[A-Z_]+\.md\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the first page and the page of pictures."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    files.append(File.generated(config, "index.md", content=readme.replace("](docs/", "](")))
    pictures = sorted(PICTURES.glob("*_light_wide.png")) if PICTURES.is_dir() else []
    for picture in pictures:
        files.append(File.generated(config, f"pictures/{picture.name}", abs_src_path=str(picture)))
    files.append(File.generated(config, "pages.md", content=gallery([picture.name for picture in pictures])))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """The page without links that leave the guides."""
    return _OUTSIDE.sub(lambda found: found[1] or found[2], markdown)


def gallery(pictures: list[str]) -> str:
    """The page of pictures, from their names: `overview_light_wide.png` under Overview."""
    parts = ["# Every page in pictures", "Synthetic data: nobody here is a real person."]
    if not pictures:
        parts.append("There are no pictures yet: run `make screenshots`, then `make docs`.")
    for picture in pictures:
        title = picture.removesuffix("_light_wide.png").replace("_", " ")
        title = title[:1].upper() + title[1:]
        parts += [f"## {title}", f"![The page {title}](pictures/{picture})"]
    return "\n\n".join(parts) + "\n"


def on_post_page(output: str, **_: object) -> str:
    """The page with a stand-in of its own for the one script that the theme would fetch when it is opened as a file."""
    return output.replace(_FETCHED, f"<script>{(HERE / 'worker.js').read_text(encoding='utf-8')}</script>")
