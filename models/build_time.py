"""How long a build took, as a run prints it and Data health shows it; reading the deliveries before is not in it."""

from datetime import UTC, datetime


def build_minutes(build_id: str, published_at: str) -> float:
    """From the start of its build, which the build's id begins with (`20261201T135726-…`, UTC), to its publishing."""
    started_at = datetime.strptime(build_id.partition("-")[0], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return (datetime.fromisoformat(published_at) - started_at).total_seconds() / 60
