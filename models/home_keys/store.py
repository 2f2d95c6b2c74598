"""Finds the master key, and keeps a home's data keys.

CAREGAP_KEY_FILE         a file outside the home, mode 0600, one key a line, the newest first; `/dev/fd/3`: an open descriptor
CAREGAP_KEY              or the key itself
$CREDENTIALS_DIRECTORY   or systemd's credential `caregap-key` (`LoadCredential=caregap-key:/etc/caregap/key`)

The key of a file is that of its folder, which its path says; so no caller hands keys on. A folder has a key from the moment that
something is first written there in an encrypted home. Where it has none, its files are as they are.
"""

import json
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from models.home_keys import texts
from models.home_keys.wrapping import DataKey, KeysRefused, Masters

KEY_FILE, KEY, CREDENTIALS, CREDENTIAL = "CAREGAP_KEY_FILE", "CAREGAP_KEY", "CREDENTIALS_DIRECTORY", "caregap-key"
FOLDER, HOME, SUFFIX = "keys", "home", ".key"
PLACES = {"published": 2, "build": 2, "landing": 2, "history": 2, "outcomes": 2, "connect": 2, "erasures": 2, "queries": 1}
"""By folder of the home: how many parts of a path name what has a key of its own."""
PACKAGE, EXTENSION = "duckdb_extension_httpfs", "httpfs.duckdb_extension"
_WAITS = "encrypting"
_BESIDE = ".new"
"""Ends the hidden name of what is about to replace a file."""
_ASIDE = "."
"""Begins the name of a folder for what is not finished; what lies in it has the key of where it will be."""


def is_encrypted(root: Path) -> bool:
    """Whether the home in `root` is encrypted: what is written to it from now on."""
    return (root / FOLDER / f"{HOME}{SUFFIX}").is_file()


def masters(root: Path, environment: Mapping[str, str] = os.environ) -> Masters:
    """The master keys that the environment names. Raises `KeysRefused` where there is none, or where others can read it."""
    credential = Path(environment[CREDENTIALS]) / CREDENTIAL if environment.get(CREDENTIALS) else None
    if path := environment.get(KEY_FILE, ""):
        if Path(path).resolve().is_relative_to(root.resolve()):
            raise KeysRefused(f"{KEY_FILE}: {path} lies in the home, which it is to protect. Keep it elsewhere.")
        return _read(path, KEY_FILE)
    if environment.get(KEY):
        return Masters(tuple(environment[KEY].split()), KEY)
    if credential and credential.is_file():
        return _read(str(credential), f"the credential {CREDENTIAL}")
    raise KeysRefused(
        f"{root}: its key is not given. Set {KEY_FILE} to the file that holds it, outside the home; `caregap keys init --to "
        "FILE` makes a new one for a new home."
    )


@cache
def _read(path: str, source: str) -> Masters:
    """Read once per process: a descriptor can be read only once. The processes that this one starts are given another."""
    try:
        mode = Path(path).stat().st_mode
        # A newer systemd grants a credential by an access list, whose mask stands where the group's rights do.
        if source == KEY_FILE and stat.S_ISREG(mode) and mode & 0o077:
            raise KeysRefused(f"{source}: {path} can be read by others (mode {stat.S_IMODE(mode):04o}). `chmod 600 {path}`.")
        keys = Path(path).read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise KeysRefused(f"{source}: {path} cannot be read ({type(error).__name__}).") from None
    if not keys:
        raise KeysRefused(f"{source}: {path} holds no key.")
    if source == KEY_FILE and not stat.S_ISREG(mode):
        os.environ[KEY_FILE] = _in_memory("\n".join(keys))
    return Masters(tuple(keys), source)


def _in_memory(text: str) -> str:
    """The name of a descriptor that can be read again and again, also by children, and is on no disk."""
    handle = os.memfd_create("caregap-key", 0)
    os.fchmod(handle, 0o600)
    os.write(handle, text.encode())
    os.set_inheritable(handle, True)
    return f"/dev/fd/{handle}"


def home_of(path: Path) -> Path | None:
    """The encrypted home that a path lies in; None where it lies in none.

    Raises `KeysRefused` where a link leads out of the home that the path names: there, nothing would be encrypted.
    """
    as_named = Path(os.path.normpath(path.absolute()))
    found, named = (
        next((root for root in one.parents if is_encrypted(root)), None) for one in (path.parent.resolve() / path.name, as_named)
    )
    if named and named.resolve() != found and as_named.relative_to(named).parts[0] in PLACES:
        raise KeysRefused(
            f"{path.parent}: a link leads out of the home, to where nothing is encrypted. Put the folder itself in its place; a "
            "home that needs another disk moves there as a whole."
        )
    return found


def place_of(path: Path) -> tuple[Path, str] | None:
    """The home that a file lies in and the place in it that has its key; None: in no encrypted home, or where nothing is secret.

    `<home>/published/.scratch-1/<id>/warehouse.duckdb` → `<home>`, `published/<id>`.
    """
    root = home_of(path)
    if root is None:
        return None
    parts = [part for part in path.parent.resolve().relative_to(root).parts if not part.startswith(_ASIDE)] + [path.name]
    n_parts = PLACES.get(parts[0])
    return (root, "/".join(parts[:n_parts])) if n_parts and len(parts) > n_parts else None


def key_of(path: Path) -> DataKey | None:
    """The key of a file that was written; None where it was written as it is. Raises `KeysRefused`."""
    found = place_of(path)
    return _kept(*found) if found else None


def key_for(path: Path) -> DataKey | None:
    """The key for a file that is written now, made if its folder has none; None where it is written as it is."""
    found = place_of(path)
    if found is None:
        return None
    root, place = found
    if _path(root, place).is_file() and "destroyed_at" in state(root, place) and "destroyed_at" not in state(root, HOME):
        forget(root, place)  # its files went before the key: something new begins
    return _kept(root, place) or _made(root, place)


def encrypt_home(root: Path) -> None:
    """Encrypt what is written to the home from now on. Raises `KeysRefused` without a master key, or with a wrong one.

    What is there already waits in clear (`waits`) until somebody has encrypted it (`waits_no_more`).
    """
    check(root)
    if not is_encrypted(root):
        extension()
        (root / FOLDER).mkdir(exist_ok=True, mode=0o700)
        (root / FOLDER / _WAITS).touch()
        sync(root / FOLDER)
        _made(root, HOME)


def waits(root: Path) -> bool:
    """Whether the home may still hold what was written before it was encrypted."""
    return (root / FOLDER / _WAITS).exists()


def waits_no_more(root: Path) -> None:
    (root / FOLDER / _WAITS).unlink(missing_ok=True)
    sync(root / FOLDER)


def check(root: Path) -> Masters:
    """The master keys, which are those of the home if it is encrypted. Raises `KeysRefused`."""
    given = masters(root)
    if is_encrypted(root):
        _kept(root, HOME)
    return given


def read(path: Path) -> bytes:
    """The content of a small file, decrypted where it is encrypted. Raises `KeysRefused`, `OSError`."""
    return opened(path, path.read_bytes())


def opened(path: Path, raw: bytes) -> bytes:
    """What `raw`, read from `path`, holds."""
    if not texts.is_sealed(raw):
        return raw
    if key := key_of(path):
        return texts.opened(key, raw)
    raise KeysRefused(f"{path}: encrypted, and its key is not in this home's {FOLDER}/. Restore it from a backup.")


def sealed(path: Path, content: bytes) -> bytes:
    """What is to be written, or added, to `path`, so that `read` gives `content`."""
    key = key_for(path)
    return texts.sealed(key, content) if key else content


def places(root: Path) -> list[str]:
    """The places of a home that have a key, destroyed ones too, the home's own first."""
    found = (path.relative_to(root / FOLDER).as_posix() for path in (root / FOLDER).rglob(f"*{SUFFIX}"))
    return sorted((name.removesuffix(SUFFIX) for name in found), key=lambda place: (place != HOME, place))


def state(root: Path, place: str) -> dict[str, str]:
    """What is kept of a place's key: `master` and `wrapped`, or `destroyed_at`."""
    try:
        return dict(json.loads(_path(root, place).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise KeysRefused(f"{_path(root, place)}: missing or damaged. Restore the home's {FOLDER}/ from a backup.") from None


def check_key(root: Path, place: str) -> None:
    """Raise `KeysRefused` where the key of a place is neither destroyed nor opened by a master key that is given."""
    kept = state(root, place)
    if "destroyed_at" not in kept:
        masters(root).unwrapped(place, kept)


def new_master(root: Path, path: Path) -> None:
    """Write a new master key to a file that is not there yet, for its owner alone, and use it. Raises `KeysRefused`."""
    if path.resolve().is_relative_to(root.resolve()):
        raise KeysRefused(f"{path} lies in the home, which the key is to protect. Give a file elsewhere.")
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(f"{secrets.token_hex(32)}\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise KeysRefused(f"{path}: cannot be made ({error.strerror}). Give a file that is not there yet.") from None
    os.environ[KEY_FILE] = str(path.resolve())


def rewrap(root: Path, place: str) -> bool:
    """Wrap the key of a place under the first of the master keys; whether that changed anything. What it encrypts stays."""
    given, kept = masters(root), state(root, place)
    if "destroyed_at" in kept or kept.get("master") == given.wrapping.id:
        return False
    _write(root, place, given.unwrapped(place, kept).wrapped(given.wrapping))
    return True


def destroy(root: Path, place: str) -> None:
    """Destroy the key of a place for good: what it encrypted cannot be read again. That it was destroyed stays said."""
    _overwrite(_path(root, place))


def forget(root: Path, place: str) -> None:
    """Destroy the key of a place that is no longer there, and say nothing of it."""
    path = _path(root, place)
    if path.is_file():
        _overwrite(path)
        path.unlink(missing_ok=True)
        sync(path.parent)


def sweep(root: Path) -> None:
    """Forget the keys of builds and publications that are no longer there. For the holder of the home's lock."""
    for folder in ("published", "build"):
        for path in (root / FOLDER / folder).glob(f"*{SUFFIX}"):
            if not (root / folder / path.name.removesuffix(SUFFIX)).exists():
                forget(root, f"{folder}/{path.name.removesuffix(SUFFIX)}")


def keys_in(root: Path, *folders: str) -> Iterator[DataKey]:
    """The data keys of every place in these folders of a home that can be opened."""
    for place in places(root):
        if place.partition("/")[0] in folders and (key := _kept(root, place, or_none=True)):
            yield key


def extension() -> Path:
    """DuckDB's extension that encrypts, in its package. Raises `KeysRefused` where that is not installed."""
    package = find_spec(PACKAGE)
    for folder in (package.submodule_search_locations or ()) if package else ():
        for path in Path(folder).glob(f"extensions/*/{EXTENSION}"):
            return path
    raise KeysRefused(
        f"The package {PACKAGE} is not installed, and without it nothing is encrypted. Install the lock: `make setup`."
    )


def sync(path: Path) -> None:
    """Wait until the file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _kept(root: Path, place: str, *, or_none: bool = False) -> DataKey | None:
    if not _path(root, place).is_file():
        return None
    kept = state(root, place)
    if "destroyed_at" in kept:
        if or_none:
            return None
        raise KeysRefused(f"{root / place}: its key was destroyed at {kept['destroyed_at']}; what it held cannot be read again.")
    return masters(root).unwrapped(place, kept)


def _made(root: Path, place: str) -> DataKey:
    key = DataKey.new(place)
    path = _path(root, place)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = _written_beside(path, key.wrapped(masters(root).wrapping))
    try:
        path.hardlink_to(beside)  # of two that make it at once, one does, and both use that
        sync(path.parent)
    except FileExistsError:
        return _kept(root, place) or key
    finally:
        beside.unlink(missing_ok=True)
    return key


def _write(root: Path, place: str, kept: Mapping[str, str]) -> None:
    path = _path(root, place)
    _written_beside(path, kept).replace(path)
    sync(path.parent)


def _written_beside(path: Path, kept: Mapping[str, str]) -> Path:
    beside = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}{_BESIDE}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(dict(kept), file)
        file.flush()
        os.fsync(file.fileno())
    return beside


def _overwrite(path: Path) -> None:
    """Write over the wrapped key where it lies, and over what a stopped rotation left beside it, that it was destroyed: in one
    write, so that a kill leaves the one or the other. A file system that copies on write may keep it."""
    for left in path.parent.glob(f".{path.name}.*{_BESIDE}"):
        _overwrite(left)
        left.unlink()
    said = json.dumps({"destroyed_at": datetime.now(UTC).isoformat(timespec="seconds")}).encode()
    with path.open("r+b", buffering=0) as file:
        file.write(said.ljust(os.fstat(file.fileno()).st_size))
        os.fsync(file.fileno())


def _path(root: Path, place: str) -> Path:
    return root / FOLDER / f"{place}{SUFFIX}"
