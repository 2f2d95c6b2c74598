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
    ("old", "new", "line", "said"),
    [
        ("https://id.", "http://id.", 3, "sign_in.issuer cannot be .* must begin with https://"),
        ("https://caregap.", "http://caregap.", 5, "sign_in.redirect_uri cannot be .* must begin with https://"),
        ("/oauth2callback", "/callback", 5, "must end with /oauth2callback"),
        ('"admin"', '"amdin"', 8, "roles.caregap-admins cannot be .* Did you mean admin?"),
        ('"admin"', "1", 8, "roles by the value of the role claim"),
        ("[roles]", "idle_minutes = 600\n[roles]", 7, "sign_in.idle_minutes cannot be 600: .* at most 60"),
        ("[roles]", "idle_minutes = 0\n[roles]", 7, "over 0"),
        ("[roles]", 'idle_minutes = "15"\n[roles]', 7, "a number of minutes"),
        ("[roles]", "absolute_hours = 720\n[roles]", 7, "sign_in.absolute_hours cannot be 720: .* at most 24"),
        ("[roles]", "recheck_minutes = 16\n[roles]", 7, "sign_in.recheck_minutes cannot be 16: .* at most 15"),
        ("[roles]", "idle_minute = 1\n[roles]", 7, "idle_minute is not a setting here. Did you mean idle_minutes?"),
        ("[roles]", 'user_claim = "email"\n[roles]', 7, "user_claim is a setting of an earlier version. Write name_claim"),
        ("[roles]", 'revoked = "ann"\n[roles]', 7, "a list of subs"),
        ("[roles]", 'scopes = ["email"]\n[roles]', 7, 'sign_in.scopes must have "openid"'),
        ("[roles]", "[role]", 7, "role is not a setting here. Did you mean roles?"),
        ('client_id = "caregap"', "", 2, "sign_in.client_id is missing"),
        ('["loc-1", "loc-2"]', '"loc-1"', 12, "location ids by the value of the site claim"),
        ("[sites]", "[sites", 11, "is not TOML"),
    ],
)
def test_a_mistake_is_refused_with_file_line_key_and_what_is_allowed(tmp_path, old, new, line, said):
    with pytest.raises(AccessRefused, match=said) as refused:
        _read(tmp_path, GOOD.replace(old, new, 1))
    assert str(refused.value).startswith(f"{tmp_path / 'access.toml'}:{line}: ")


def test_a_secret_in_the_file_is_refused_and_not_shown(tmp_path):
    with pytest.raises(AccessRefused, match="client_secret is not a setting here") as refused:
        _read(tmp_path, GOOD.replace("[roles]", 'client_secret = "hunter2"\n[roles]'))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("what", ["a link to nowhere", "a link to itself", "a folder", "100,000 brackets"])
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence_and_not_taken_for_none(tmp_path, what):
    """Without a file there is no sign-in: a link that lost its file must not open a synthetic practice to everybody."""
    path = tmp_path / "access.toml"
    match what:
        case "a folder":
            path.mkdir()
        case "100,000 brackets":
            path.write_text("a = " + "[" * 100_000)
        case _:
            path.symlink_to("nowhere" if "nowhere" in what else path)
    with pytest.raises(AccessRefused, match=r"access.toml: (cannot be read|this file is nested too deeply)"):
        read_access(tmp_path)


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    (tmp_path / "access.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert read_access(tmp_path).sign_in.client_id == "caregap"


def test_the_secret_comes_from_the_environment_or_from_a_file_that_it_names(tmp_path, monkeypatch):
    access = _read(tmp_path, GOOD)
    monkeypatch.delenv("CAREGAP_CLIENT_SECRET", raising=False)
    with pytest.raises(AccessRefused, match="CAREGAP_CLIENT_SECRET"):
        client_secret(access)
    monkeypatch.setenv("CAREGAP_CLIENT_SECRET_FILE", str(tmp_path / "absent"))
    with pytest.raises(AccessRefused, match="absent cannot be read"):
        client_secret(access)
    (tmp_path / "secret").write_text("from a file\n")
    monkeypatch.setenv("CAREGAP_CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    assert client_secret(access) == "from a file"
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
