"""What to do about rows that a system refused, by its error code."""

_BY_CODE = {
    "contact_unknown": "The CRM does not have the contact under the id that it once delivered. Pull its contacts again.",
    "no_contact": "The CRM does not have the contact. Pull its contacts again.",
    "user_unknown": "The CRM has no user with this staff id. Map it under users in connectors.toml.",
    "unreadable": "The system answered with a text instead of a code. Look into its own log for the time of the push.",
    "no_code": "The system gave no reason. Look into its own log for the time of the push.",
}
_BY_STATUS = {
    "400": "The system takes a field otherwise than it is sent. Run `caregap connect check`, which says what is mapped.",
    "403": "The account may not write this. Give it the right in the system.",
    "404": "The system has no such kind of record. Run `caregap connect check`.",
    "422": "The system has a rule of its own that the row breaks. Look it up there by the code.",
}
_OTHERWISE = "Look the code up in the system's documentation, and correct the row there or the mapping here."


def what_to_do(code: str) -> str:
    """One sentence; every refused row is sent again at each push all the same."""
    return _BY_CODE.get(code) or _BY_STATUS.get(code[:3]) or _OTHERWISE
