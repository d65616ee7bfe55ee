"""One cell, run by path (`python -I cell.py LIFELINE_FD`) with its plan as JSON on standard input.

With `--check` in place of the number it says whether cells can be made here.

Four processes: this one stays outside and carries bytes; its child makes the cell's namespaces and waits; the cell's
first process mounts what is in it and reaps; the worker is its child. Whichever ends, those below end with it.

The network of the cell is a loopback of its own. Sockets that listen there are made inside and accepted outside, so
that a worker reaches the few ports of this machine that the plan names and nothing else at all.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

_LIBC = ctypes.CDLL(None, use_errno=True)
_NEW_USER = 0x10000000
_NEW_ALL = 0x00020000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000
"""Mounts, host name, IPC, processes, network."""
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT = 1, 2, 4, 8, 32
_BIND, _RECURSIVE, _PRIVATE, _DETACH = 4096, 16384, 1 << 18, 2
_PDEATHSIG, _NO_NEW_PRIVS = 1, 38
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_DEVICES = ("null", "zero", "full", "random", "urandom")
_BLOCK = 1 << 16
_OPEN_FILES = 1024
"""Lambda's limit."""
_SIGNALLED = 128


def _call(name: str, *arguments: Any) -> None:
    if getattr(_LIBC, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}{arguments}: {os.strerror(code)}")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    words = [word.encode() if word is not None else None for word in (source, target, kind)]
    _call("mount", *words, ctypes.c_ulong(flags), data.encode() if data is not None else None)


def _bind(source: str, target: str) -> None:
    """Show `source` at `target`, read-only."""
    _mount(source, target, None, _BIND | _RECURSIVE)
    # What the mount below forbids, a user namespace may not allow again
    kept = os.statvfs(target).f_flag & (_NOSUID | _NODEV | _NOEXEC)
    _mount("none", target, None, _REMOUNT | _BIND | _RDONLY | _NOSUID | kept)


def _own_user(uid: int, gid: int, inside: int) -> None:
    """Without root's rights: a user namespace, in which this process has them over its own namespaces."""
    _call("unshare", _NEW_USER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inside} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{inside} {gid} 1")


def _listen(ports: list[int]) -> list[socket.socket]:
    """Bring the loopback up and listen on it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))
    listeners = []
    for port in ports:
        listener = socket.socket()
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        listeners.append(listener)
    return listeners


def _furnish(plan: dict[str, Any]) -> None:
    """Mount everything, and make it the whole of what there is."""
    root = plan["root"]
    _mount("none", "/", None, _PRIVATE | _RECURSIVE)
    _mount(root, root, None, _BIND | _RECURSIVE)
    for source, target in plan["binds"]:
        _bind(source, root + target)
    _mount("tmpfs", f"{root}/dev", "tmpfs", _NOSUID | _NOEXEC, "size=64k,mode=755")
    for name in _DEVICES:
        Path(root, "dev", name).touch()
        _mount(f"/dev/{name}", f"{root}/dev/{name}", None, _BIND)
    Path(root, "dev/fd").symlink_to("/proc/self/fd")
    _mount("none", f"{root}/dev", None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NOEXEC)
    _mount("proc", f"{root}/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    _mount("tmpfs", f"{root}/tmp", "tmpfs", _NOSUID | _NODEV, f"size={plan['tmp_mb']}m,mode=1777")  # noqa: S108  the cell's own
    kept = os.statvfs(root).f_flag & (_NODEV | _NOEXEC)
    _mount("none", root, None, _REMOUNT | _BIND | _RDONLY | _NOSUID | kept)
    os.chdir(root)
    _call("pivot_root", b".", b".")
    _call("umount2", b".", _DETACH)


def _work(plan: dict[str, Any], *, root: bool) -> NoReturn:
    """Become the worker, without any right that Lambda would not give."""
    user = plan["user"]
    if root:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    _call("prctl", _NO_NEW_PRIVS, 1, 0, 0, 0)
    _die_with_parent()
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chdir(plan["folder"])
    os.execve(plan["command"][0], plan["command"], plan["env"])  # noqa: S606  the plan's own program


def _die_with_parent() -> None:
    _call("prctl", _PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _first(plan: dict[str, Any], *, root: bool) -> NoReturn:
    """Be the cell's first process: the kernel ends all others when it ends."""
    _die_with_parent()
    _furnish(plan)
    worker = os.fork()
    if worker == 0:
        _work(plan, root=root)
    while True:
        pid, status = os.wait()
        if pid == worker:
            os._exit(_code(status))


def _code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else _SIGNALLED - code


def _build(plan: dict[str, Any], outside: socket.socket) -> NoReturn:
    """Make the namespaces, hand the sockets out, and wait for the cell's first process."""
    _die_with_parent()
    root = os.geteuid() == 0
    if not root:
        _own_user(os.geteuid(), os.getegid(), plan["user"])
    _call("unshare", _NEW_ALL)
    socket.sethostname("lambda")
    listeners = _listen([inside for inside, _ in plan["ports"]])
    socket.send_fds(outside, [b"listening"], [listener.fileno() for listener in listeners])
    outside.close()
    for listener in listeners:
        listener.close()
    first = os.fork()
    if first == 0:
        _first(plan, root=root)
    os._exit(_code(os.waitpid(first, 0)[1]))


def _guarded(plan: dict[str, Any], outside: socket.socket) -> NoReturn:
    try:
        _build(plan, outside)
    except OSError as error:
        # Whoever fails in here says so on the worker's output, which is its function's log
        os.write(2, f"the cell cannot be made: {error}\n".encode())
        os._exit(1)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_BLOCK):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _carry(inner: socket.socket, port: int) -> None:
    """Join one connection with the port outside that it is for, both ways, until both sides are done."""
    with inner, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as outer:
        for one in (inner, outer):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=_pump, args=(outer, inner), daemon=True)
        back.start()
        _pump(inner, outer)
        back.join()


def _accept(listener: socket.socket, port: int) -> None:
    while True:
        inner, _ = listener.accept()
        threading.Thread(target=_carry, args=(inner, port), daemon=True).start()


def _hold(lifeline: int) -> None:
    while os.read(lifeline, 1):
        pass
    os._exit(1)


def check() -> None:
    """End with an error, and say it, where the kernel lets this user make no cells."""
    try:
        if os.geteuid() != 0:
            _own_user(os.geteuid(), os.getegid(), 0)
        _call("unshare", _NEW_ALL)
        inside = os.fork()
        if inside:
            sys.exit(_code(os.waitpid(inside, 0)[1]))
        _mount("none", "/", None, _PRIVATE | _RECURSIVE)
        _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    except OSError as error:
        sys.exit(str(error))


def main() -> None:
    """Make the cell, carry its bytes, and end as its worker ends."""
    lifeline = int(sys.argv[1])
    os.set_inheritable(lifeline, False)  # noqa: FBT003  the standard library's own signature
    plan = json.load(sys.stdin)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    ours, theirs = socket.socketpair()
    builder = os.fork()
    if builder == 0:
        ours.close()
        os.close(lifeline)
        _guarded(plan, theirs)
    theirs.close()
    threading.Thread(target=_hold, args=(lifeline,), daemon=True).start()
    _, handles, _, _ = socket.recv_fds(ours, 64, len(plan["ports"]))
    for handle, (_, port) in zip(handles, plan["ports"], strict=False):
        threading.Thread(target=_accept, args=(socket.socket(fileno=handle), port), daemon=True).start()
    code = _code(os.waitpid(builder, 0)[1])
    sys.stdout.flush()
    if code > _SIGNALLED:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), code - _SIGNALLED)
    os._exit(code)


if __name__ == "__main__":
    if sys.argv[1] == "--check":
        check()
    else:
        main()
