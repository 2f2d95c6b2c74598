"""The software bill of materials, CycloneDX 1.6 in JSON: `make sbom` writes it.

Every package that `make setup` installs, with its version, package URL, the SHA-256 of each archive that the lock allows, its
licence, and who needs it: the minimum elements of the NTIA (2021). What only developers have is not in it.
"""

import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.contact import OrganizationalContact
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from deploy.supply_chain.licences import ELSEWHERE, UNKNOWN, licence_of
from deploy.supply_chain.locked import CHECKOUT, SHIPPED, Locked, locked


def sbom(packages: list[Locked]) -> str:
    """The bill of these packages, as JSON. `caregap` is the component that they are for."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    itself = Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        description=project["description"],
        licenses=[LicenseFactory().make_from_string(project["license"])],
        bom_ref=project["name"],
    )
    of_name: dict[str, list[Component]] = {}
    for package in packages:
        of_name.setdefault(package.name, []).append(_component(package))
    bom = Bom(components=[one for versions in of_name.values() for one in versions])
    authors = [OrganizationalContact(name="Caregap's `make sbom`, from its lock files")]
    bom.metadata = BomMetaData(component=itself, authors=authors, timestamp=datetime.now(UTC))
    needs: dict[str, list[Component]] = {}
    for package in packages:
        for name in package.needed_by:
            needs.setdefault(name, []).extend(of_name[package.name])
    bom.register_dependency(itself, needs.get(project["name"], []))
    for name, versions in of_name.items():
        for one in versions:
            bom.register_dependency(one, needs.get(name, []))
    return make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)


def _component(package: Locked) -> Component:
    licence = licence_of(package)
    purl = PackageURL("pypi", None, package.name, package.version)
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=purl.to_string(),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one) for one in package.sha256],
        licenses=[] if licence in (ELSEWHERE, UNKNOWN) else [LicenseFactory().make_from_string(licence)],
        properties=[Property(name="caregap:marker", value=package.marker)] if package.marker else [],
    )


def main(path: Path) -> None:
    """Write the bill to `path`, and say how much is in it."""
    packages = locked(*SHIPPED)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sbom(packages) + "\n", encoding="utf-8")
    print(f"{path}: CycloneDX 1.6, {len(packages)} packages, {sum(len(one.sha256) for one in packages):,} hashes")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
