"""access.toml: claims make roles, and what is not said is refused."""

from pathlib import Path

import pytest

from dashboards.access.access_file import AccessRefused, client_secret, read_access
from dashboards.access.roles import Viewer

GOOD = """
[sign_in]
issuer = "https://id.example.org/realms/practice"
client_id = "caregap"
redirect_uri = "https://caregap.example.org/oauth2callback"

[roles]
"caregap-admins" = "admin"
"caregap-desk" = "care_team"

[sites]
north = ["loc-1", "loc-2"]
"""


def _read(tmp_path: Path, text: str):
    (tmp_path / "access.toml").write_text(text)
    return read_access(tmp_path)


def test_without_the_file_there_is_no_sign_in(tmp_path):
    assert read_access(tmp_path) is None


@pytest.mark.parametrize(
    ("claims", "viewer"),
    [
        ({"sub": "ann", "groups": ["staff", "caregap-admins"]}, Viewer("ann", "admin")),
        ({"sub": "ann", "groups": "caregap-admins"}, Viewer("ann", "admin")),
        ({"sub": "ann", "groups": ["caregap-desk", "caregap-admins"]}, Viewer("ann", "admin")),
        (
            {"sub": "bo", "groups": ["caregap-desk"], "sites": ["north", "loc-9"]},
            Viewer("bo", "care_team", ("loc-1", "loc-2", "loc-9")),
        ),
        ({"sub": "bo", "groups": ["caregap-desk"]}, Viewer("bo", "care_team", ())),
        ({"sub": "bo", "groups": ["staff"]}, None),
        ({"sub": "bo", "email": "ann@example.org", "groups": ["caregap-admins"]}, Viewer("bo", "admin")),
        ({"email": "bo@example.org", "groups": ["caregap-admins"]}, None),
        ({"sub": "bo", "email_verified": False, "groups": ["caregap-admins"]}, None),
        ({"sub": "bo", "email_verified": "false", "groups": ["caregap-admins"]}, None),
        ({"sub": "bo", "email_verified": True, "groups": ["caregap-admins"]}, Viewer("bo", "admin")),
        ({"sub": "bo"}, None),
        ({"sub": "bo", "groups": {"caregap-admins": True}}, None),
        ({"sub": "", "groups": ["caregap-admins"]}, None),
        ({"sub": 7, "groups": ["caregap-admins"]}, None),
        ({"sub": "bo", "groups": ["admin"]}, None),
    ],
)
def test_claims_make_the_first_role_of_the_file_that_they_have_or_none(tmp_path, claims, viewer):
    assert _read(tmp_path, GOOD).viewer(claims) == viewer


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("https://id.", "http://id.", "issuer"),
        ("https://caregap.", "http://caregap.", "redirect_uri"),
        ("/oauth2callback", "/callback", "oauth2callback"),
        ('"admin"', '"root"', "no role root"),
        ("[roles]", "idle_minutes = 600\n[roles]", "idle_minutes"),
        ("[roles]", "absolute_hours = 720\n[roles]", "absolute_hours"),
        ("[roles]", "unknown = 1\n[roles]", "unknown"),
        ("[roles]", "recheck_minutes = 16\n[roles]", "recheck_minutes"),
        ("[roles]", 'revoked = "ann"\n[roles]', "revoked"),
        ("[roles]", 'scopes = ["email"]\n[roles]', "openid"),
        ('client_id = "caregap"', "", "client_id"),
        ("[sites]", "[sites", "access.toml"),
    ],
)
def test_a_file_that_cannot_hold_is_refused_with_what_is_wrong(tmp_path, old, new, said):
    with pytest.raises(AccessRefused, match=said):
        _read(tmp_path, GOOD.replace(old, new))


def test_the_secret_comes_from_the_environment_alone(tmp_path, monkeypatch):
    access = _read(tmp_path, GOOD)
    monkeypatch.delenv("CAREGAP_CLIENT_SECRET", raising=False)
    with pytest.raises(AccessRefused, match="CAREGAP_CLIENT_SECRET"):
        client_secret(access)
    monkeypatch.setenv("CAREGAP_CLIENT_SECRET", "s3cret")
    assert client_secret(access) == "s3cret"


def test_an_address_is_a_label_and_the_subject_decides(tmp_path):
    access = _read(tmp_path, GOOD)
    viewer = access.viewer({"sub": "248289761001", "email": "ann@example.org", "groups": ["caregap-admins"]})
    assert (viewer.user_id, viewer.name, viewer.label) == ("248289761001", "ann@example.org", "ann@example.org")


def test_who_is_revoked_in_the_file_has_no_role_from_then_on(tmp_path):
    claims = {"sub": "ann", "groups": ["caregap-admins"]}
    assert _read(tmp_path, GOOD).viewer(claims)
    access = _read(tmp_path, GOOD.replace("[roles]", 'revoked = ["ann"]\n[roles]'))
    assert access.viewer(claims) is None
    assert "withdrawn" in access.why_refused(claims)


def test_a_sign_in_that_is_weaker_than_the_file_asks_for_opens_nothing(tmp_path):
    access = _read(tmp_path, GOOD.replace("[roles]", 'acr_values = ["mfa", "phr"]\n[roles]'))
    claims = {"sub": "ann", "groups": ["caregap-admins"]}
    assert access.viewer(claims) is None
    assert access.viewer(claims | {"acr": "pwd"}) is None
    assert access.viewer(claims | {"acr": "mfa"}) == Viewer("ann", "admin")
