"""The checks on how what is published is used: one for each kind of sign that the audit log may show. None stops a run."""

from collections.abc import Iterator

import dagster as dg

from models.audit_log.signs import KINDS
from models.wording import counted
from pipelines.alerts.signs import tell_signs
from pipelines.defs.keys import key_of
from pipelines.errors import EnvironmentNotReady
from pipelines.home import Home

WAREHOUSE = key_of("published.warehouse")


@dg.multi_asset_check(
    name="signs_of_intrusion",
    specs=[dg.AssetCheckSpec(kind, asset=WAREHOUSE, description=rule) for kind, rule in KINDS.items()],
)
def signs_of_intrusion(home: dg.ResourceParam[Home]) -> Iterator[dg.AssetCheckResult]:
    """Tell of new signs. A run's warnings do not say who it was: the audit page and `caregap audit alerts` do."""
    try:
        found, why = tell_signs(home).found, ""
    except EnvironmentNotReady as refused:
        found, why = (), f"Nobody could look for signs of intrusion: {refused}"
    for kind in KINDS:
        of_kind = [sign for sign in found if sign.kind == kind]
        n = counted(len(of_kind), "sign")
        yield dg.AssetCheckResult(
            check_name=kind,
            asset_key=WAREHOUSE,
            passed=not (of_kind or why),
            severity=dg.AssetCheckSeverity.WARN,
            description=why
            or (f"{n} of intrusion ({kind}) in the audit log; `caregap audit alerts` says who" if of_kind else None),
            metadata={"n_signs": len(of_kind), "newest": f"{of_kind[0].on}" if of_kind else ""},
        )
