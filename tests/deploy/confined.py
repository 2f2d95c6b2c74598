"""Runs a command with what the units' hardening leaves it, as root where there is no systemd: `confined.py HOME COMMAND …`.

The settings are read from `deploy/systemd/`: of the files only the home may be written, the rest is read-only, /tmp and
/run/caregap are the command's own; no capability and no way to one; system calls, address families and executable memory as the
file says.
"""

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

HARDENING = Path(__file__).parents[2] / "deploy/systemd/caregap-.service.d/hardening.conf"
HOME = "/mnt/home"
MOUNTS = f"""set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir {HOME}
mount --bind "$0" {HOME}
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mkdir -m 700 /run/caregap
mount -o remount,bind,ro /
exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
"""
ALLOW, REFUSE_EPERM = 0x7FFF0000, 0x00050001
PR_SET_MDWE, MDWE_REFUSE_EXEC_GAIN = 65, 1
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
EQUAL = 4


class Argument(ctypes.Structure):
    """libseccomp's `scmp_arg_cmp`."""

    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def settings(name: str) -> list[str]:
    """The values of a setting in the hardening, in their order."""
    return re.findall(rf"^{name}=(.*)$", HARDENING.read_text(), re.MULTILINE)


def environment() -> dict[str, str]:
    """The variables that the hardening sets, its home where this one is; without the keys, which systemd hands over."""
    words = [word.partition("=") for line in settings("Environment") for word in line.split()]
    return {name: value.replace("/var/lib/caregap", HOME) for name, _, value in words if not value.startswith("%d/")}


def system_calls() -> set[str]:
    """The system calls that the filter lets pass, its groups as the systemd of this machine defines them."""
    groups: dict[str, list[str]] = {}
    said = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True, check=True).stdout
    for line in said.splitlines():
        if line.startswith("@"):
            group = groups.setdefault(line.strip(), [])
        elif line.strip() and not line.strip().startswith("#"):
            group.append(line.strip())

    def members(name: str) -> set[str]:
        return set().union(*map(members, groups[name])) if name.startswith("@") else {name}

    passing: set[str] = set()
    for line in settings("SystemCallFilter"):
        named = set().union(*map(members, line.lstrip("~").split()))
        passing = passing - named if line.startswith("~") else passing | named
    return passing


def confine() -> None:
    """From here on this process and its children are confined. Raises `OSError` where the kernel cannot."""
    libc, seccomp = ctypes.CDLL(None, use_errno=True), ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(REFUSE_EPERM))
    for name in system_calls() - {"socket"}:
        seccomp.seccomp_rule_add(context, ALLOW, seccomp.seccomp_syscall_resolve_name(name.encode()), 0)
    for family in settings("RestrictAddressFamilies")[0].split():
        number = seccomp.seccomp_syscall_resolve_name(b"socket")
        is_it = Argument(0, EQUAL, FAMILIES[family], 0)
        seccomp.seccomp_rule_add_array(context, ALLOW, number, 1, ctypes.byref(is_it))
    if settings("MemoryDenyWriteExecute") == ["yes"] and libc.prctl(PR_SET_MDWE, MDWE_REFUSE_EXEC_GAIN, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel cannot refuse executable memory")
    if seccomp.seccomp_load(context):
        raise OSError("the kernel took no filter of system calls")


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        os.umask(int(settings("UMask")[0], 8))
        confine()
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606
    home, *command = sys.argv[1:]
    inside = [sys.executable, __file__, "--inside", *command]
    os.execvp("unshare", ["unshare", "--mount", "sh", "-c", MOUNTS, home, *inside])  # noqa: S606
