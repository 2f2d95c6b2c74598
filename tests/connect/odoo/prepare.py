"""Read by `odoo shell`: the accounts that the tests use, with the rights that docs/connections.md asks for, and no others."""

import json
from datetime import timedelta

from odoo import fields

env = env  # noqa: F821 (Odoo's shell provides it)

RIGHTS = {
    "ir.model.data": ("read",),
    "res.partner": ("read", "write"),
    "mailing.list": ("read",),
    "mailing.contact": ("read", "write", "create"),
    "mailing.subscription": ("read", "create", "unlink"),
    "mail.blacklist": ("read",),
}
"""What docs/connections.md asks for beyond an internal user's rights; `mail.blacklist` is for a pull of consents alone."""

rights = env["res.groups"].create({"name": "Caregap connection"})
for model, allowed in RIGHTS.items():
    env["ir.model.access"].create(
        {"name": f"caregap {model}", "model_id": env["ir.model"]._get_id(model), "group_id": rights.id}
        | {f"perm_{right}": right in allowed for right in ("read", "write", "create", "unlink")}
    )
env.company.country_id = env.ref("base.us")


def account(login, *groups):
    return env["res.users"].create(
        {"name": login, "login": login, "email": f"{login}@example.org", "group_ids": [(6, 0, [group.id for group in groups])]}
    )


staff = env.ref("base.group_user")
connection = account("caregap", staff, rights)
account("nurse.a", staff, env.ref("base.group_partner_manager"))
account("nurse.b", staff, env.ref("base.group_partner_manager"))
nobody = account("without-rights", staff)
until = fields.Datetime.now() + timedelta(days=3650)


def key(user):
    return env(user=user)["res.users.apikeys"].sudo()._generate(None, "tests", until)


admin = env.ref("base.user_admin")
keys = {"caregap": key(connection), "admin": key(admin), "without-rights": key(nobody)}
admin.password = "admin"
env.cr.commit()
print("KEYS " + json.dumps(keys))  # noqa: T201
