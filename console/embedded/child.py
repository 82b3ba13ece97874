"""Becomes another program, after tying its life to ours.

    python -I -S child.py [--as-uid=1 | --as-user=nobody] [--die=SIGINT --parent=PID] -- program argument...

Run as a file and with the standard library only, so that it costs a few milliseconds. It exists because the
two things it does must happen in the child before exec, and `preexec_fn` is unsafe in a program with threads.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import sys

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
EXIT_NO_NAMESPACE = 97
EXIT_NO_PROGRAM = 98


def enter_user_namespace(uid: int) -> None:
    """Root becomes `uid` inside a namespace of its own; outside, files stay root's. PostgreSQL refuses root."""
    libc = ctypes.CDLL(None, use_errno=True)
    outer_uid, outer_gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWUSER) != 0:
        sys.exit(EXIT_NO_NAMESPACE)
    try:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {outer_uid} 1")
        _write("/proc/self/gid_map", f"{uid} {outer_gid} 1")
    except OSError:
        sys.exit(EXIT_NO_NAMESPACE)


def become_user(name: str) -> None:
    """Root drops to a user of this host, and keeps none of its groups."""
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def die_with_parent(name: str, parent: int) -> None:
    """Ask the kernel for this signal when the parent dies, also by kill -9. Linux only; elsewhere a no-op."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, getattr(signal, name), 0, 0, 0)
    if os.getppid() != parent:
        # The parent died before the kernel knew of our wish.
        sys.exit(1)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as stream:
        stream.write(text)


def main(arguments: list[str]) -> None:
    split = arguments.index("--")
    options = dict(option.removeprefix("--").split("=", 1) for option in arguments[:split])
    if "as-uid" in options:
        enter_user_namespace(int(options["as-uid"]))
    if "as-user" in options:
        become_user(options["as-user"])
    # After the namespace: a change of credentials clears the parent-death signal.
    if "die" in options:
        die_with_parent(options["die"], int(options["parent"]))
    program = arguments[split + 1 :]
    try:
        os.execvp(program[0], program)  # noqa: S606 - becoming another program is what this file is for
    except OSError as error:
        sys.stderr.write(f"{program[0]}: {error.strerror}\n")
        sys.exit(EXIT_NO_PROGRAM)


if __name__ == "__main__":
    main(sys.argv[1:])
