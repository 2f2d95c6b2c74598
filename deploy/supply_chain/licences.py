"""The licence of each package, as its own metadata states it: `make licences` prints them."""

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from deploy.supply_chain.locked import SHIPPED, Locked, locked

ELSEWHERE = "not installed on this platform"
UNKNOWN = "not stated"
LONGEST = 60
"""Of a name of a licence; longer metadata is the licence's text."""

_SPDX = {
    "3-clause bsd license": "BSD-3-Clause",
    "2-clause bsd": "BSD-2-Clause",
    "apache 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mit license (mit)": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
"""How packages write what SPDX has an identifier for."""
_VAGUE = {"bsd", "bsd license", "dual license"}
"""What the classifiers, or the licence's file, may say better."""


def licence_of(package: Locked) -> str:
    """An SPDX expression where the metadata allows one, otherwise the licence's name, `ELSEWHERE` or `UNKNOWN`."""
    try:
        return _stated(distribution(package.name))
    except PackageNotFoundError:
        return ELSEWHERE


def _stated(package: Distribution) -> str:
    """The expression (PEP 639); before that the short field; then the classifiers; last, the title of the licence's file."""
    about = package.metadata
    if "License-Expression" in about:
        return about["License-Expression"]
    classifiers = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier", []) if line.startswith("License :: ")]
    short = " ".join(about.get_all("License", [])).strip().removeprefix("License :: OSI Approved :: ")
    is_name = 0 < len(short) <= LONGEST and "\n" not in short
    if is_name and short.lower() not in _VAGUE:
        return _SPDX.get(short.lower(), short)
    named = [name for name in classifiers if name != "OSI Approved"]
    if named:
        return " OR ".join(_SPDX.get(name.lower(), name) for name in named)
    files = [file for file in package.files or () if re.match(r"licen[cs]e|copying", file.name, re.IGNORECASE)]
    for file in files:
        title = next((line.strip() for line in file.read_text().splitlines() if line.strip()), "")
        if title and len(title) <= LONGEST:
            return _SPDX.get(title.lower(), title)
    return short if is_name else UNKNOWN


if __name__ == "__main__":
    for one in locked(*SHIPPED):
        print(f"{one.name:32}{one.version:16}{licence_of(one)}")  # noqa: T201
