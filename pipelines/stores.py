"""Places that fsspec reaches: `s3://bucket/folder`, `abfs://…`, `gs://…`, `file:///…`.

Sign-in is the environment's, as each store's own library documents it; addresses hold none. A store's errors may hold values, so
that only their kind is told.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.durable import write_durably
from pipelines.errors import CaregapError, ConnectionFailed, EnvironmentNotReady, UsageError
from pipelines.progress import Progress, silent

_FETCHED = ".fetched.json"
"""In a folder that is filled from a store: the state of each file there when it was fetched. Hidden, so no delivery."""


def fetch(url: str, folder: Path, progress: Progress = silent) -> int:
    """Bring into a folder what is new or has changed at a URL; the number of files. Nothing is removed: what was delivered stays.

    A file is known by what the store says of it (size, tag, time), and is whole or absent. Hidden files stay there. Raises
    `UsageError`, `EnvironmentNotReady` and `ConnectionFailed`, and what was fetched before is kept.
    """
    n_files, index = 0, folder / _FETCHED
    folder.mkdir(parents=True, exist_ok=True)
    known = json.loads(index.read_text(encoding="utf-8")) if index.is_file() else {}
    with _opened(url) as (store, root):
        for name, about in sorted(store.find(root, detail=True).items()):
            place = _place(name, root)
            state = hashlib.sha256(repr(sorted(about.items(), key=lambda one: one[0])).encode()).hexdigest()
            if place is None or (known.get(place) == state and (folder / place).is_file()):
                continue
            progress(f"Fetching: {place}")
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            beside = target.with_name(f".{target.name}.new")
            store.get_file(name, str(beside))
            beside.replace(target)
            write_durably(index, json.dumps(known := known | {place: state}), "fetched")
            n_files += 1
    return n_files


def send(folder: Path, url: str, name: str) -> bool:
    """Copy a folder of files to `<url>/<name>/`, and name it in `<url>/current.json` when all of it is there; False where that
    names it already.

    Raises as `fetch`.
    """
    with _opened(url) as (store, root):
        current = f"{root.rstrip('/')}/current.json"
        if store.exists(current) and json.loads(store.cat_file(current)) == {"id": name}:
            return False
        store.makedirs(f"{root.rstrip('/')}/{name}", exist_ok=True)
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            target = f"{root.rstrip('/')}/{name}/{path.relative_to(folder).as_posix()}"
            store.makedirs(target.rpartition("/")[0], exist_ok=True)
            store.put_file(str(path), target)
        store.pipe_file(current, json.dumps({"id": name}).encode())
    return True


def _place(name: str, root: str) -> str | None:
    """Where a file lies below the root; None for a hidden one, and for a name that would lead out of a folder."""
    place = name.removeprefix(root.rstrip("/")).lstrip("/")
    parts = place.split("/")
    return None if not place or "\\" in place or any(part.startswith(".") or not part for part in parts) else place


@contextmanager
def _opened(url: str) -> Iterator[tuple[Any, str]]:
    """The store of a URL, and the path in it."""
    from fsspec import url_to_fs

    scheme = url.partition("://")[0]
    try:
        opened, root = url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        needed = str(error) if len(str(error)) < 200 else f"the package of {scheme}://"
        raise EnvironmentNotReady(f"{url}: {scheme}:// needs a package of its own, which is not installed ({needed}).") from None
    except ValueError:
        raise UsageError(f"{url}: {scheme}:// is of no store that is known. Write s3://, gs://, abfs:// or file:///.") from None
    try:
        yield opened, root
    except CaregapError:
        raise
    except Exception as error:  # each store's library has errors of its own
        raise ConnectionFailed(
            f"{url}: cannot be read or written ({type(error).__name__}). Check the address and the sign-in of this machine; run "
            "again."
        ) from None
