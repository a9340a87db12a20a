"""A process that has the libraries imported and forks a child per submission, inside the sandbox.

Importing PyTorch takes seconds and forking takes milliseconds. The zygote lives in bubblewrap, imports, asserts that it
has one thread, and divides in two, each with a line to the host. One half forks candidates and kernels: it never sees
an answer, a test or a master, so no child can find one in the memory that it inherits. The other half forks examiners
and knows the assignment (``proctor.rehearsal``). Then both only fork. A child locks itself up (``proctor.jail``) and
takes up its role, on a socket of its own.

    host (proctor.zygote)         zygote                       child
    Zygote(...)        ───────▶   imports
    .prepare(...)      ───────▶   more imports, "ready"
    .start(role, channel) ────▶   fork                 ─────▶  imprison, role(channel)
    Child.pid          ◀───────   process id, pidfd
    Child.end          ◀───────   status, CPU seconds  ◀─────  ends
    .close()           ───────▶   both halves end, and all children with them

Messages to the zygote are JSON in one packet; file descriptors travel beside them.
"""

import contextlib
import gc
import importlib
import json
import os
import pickle
import select
import signal
import socket
import sys
import time

from proctor import bare_fork, candidate, huge_pages, jail, rehearsal
from proctor.sandbox import HOME, module_files, readable

MAX_PACKET = 64 * 1024
ROLES = {name: f"proctor.{name}:take_part" for name in ("candidate", "examiner", "kernel")}
EXAMINERS = {"examiner"}  # roles of the second half
SEED_THEMSELVES = {"candidate", "examiner"}  # roles that ``bare_fork`` is good enough for
LIBRARIES = ("torch", "numpy", "proctor.candidate", "proctor.examiner")


def main() -> None:
    """The zygote's own life: import, divide, then fork until the host hangs up."""
    control, other = (socket.socket(fileno=int(word)) for word in sys.argv[1:3])
    settings, own_namespace = json.loads(sys.argv[3]), None
    if settings["namespaces"]:
        try:
            jail.become_root_of_processes()
            own_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
            jail.system_call_filter()
        except OSError as error:
            control.send(json.dumps({"jail": [error.errno, error.strerror or str(error)]}).encode())
            return
    elif settings["confined"]:
        jail.system_call_filter()
    import_libraries()
    data, handles, _, _ = socket.recv_fds(control, MAX_PACKET, 1)
    if not data:
        return  # nothing is to be judged
    [work] = handles
    warm_up(json.loads(data)["preload"])
    settings["kept"], settings["hidden"] = [str(path) for path in readable()], []
    if (half := os.fork()) == 0:
        control.close()
        control = other
        with open(work, "rb") as file:
            file.seek(0)
            if assignment := pickle.load(file):
                rehearsal.rehearse(assignment)
    else:
        other.close()
        os.close(work)
        forbids = settings["forbids"]  # for answers; tests may use these modules
        outside = [name for name in forbids if name.partition(".")[0] != "ravine"]  # the rest is covered by bubblewrap
        settings["hidden"] = [str(path) for name in outside for path in module_files(name)]
        candidate.forbid(forbids)
    gc.freeze()
    control.send(b'{"ready": true}')
    _serve(control, own_namespace, settings, half)


def import_libraries() -> None:
    """Import what all children need, which takes most of the start."""
    gc.disable()  # what imports make stays: to look for garbage in it takes a third of the time
    for name in LIBRARIES:
        importlib.import_module(name)


def warm_up(preload=()) -> None:
    """Import what else children need and run through what libraries put off until first use, all on one thread.

    Raises:
        RuntimeError: if that left threads behind: a process with threads cannot be forked safely.
    """
    import_libraries()
    for name in preload:
        with contextlib.suppress(ImportError):  # a name in a module and no module
            importlib.import_module(name)
    import torch

    torch.set_num_threads(1)
    candidate.warm_up()
    if kernel := sys.modules.get("proctor.kernel"):  # preloaded: this zygote forks notebook kernels
        kernel.warm_up()
    if (count := rehearsal.threads()) != 1:
        raise RuntimeError(f"expected one thread before forking, got {count}")
    jail.about_cpus()
    gc.freeze()  # collections in the children then do not touch, and so copy, these pages
    huge_pages.gather()
    gc.enable()


def _serve(control, own_namespace, settings, half):
    wake, woken = socket.socketpair()
    for end in (wake, woken):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken.fileno())
    reports = {}  # process id of a child -> where its end is told
    _reap(reports, half)  # it may have ended before anybody listened
    while True:
        readable, _, _ = select.select([control, wake], [], [])
        if wake in readable:
            with contextlib.suppress(BlockingIOError):
                wake.recv(4096)
        _reap(reports, half)
        if control not in readable:
            continue
        data, handles, _, _ = socket.recv_fds(control, MAX_PACKET, 2)
        if not data:
            return  # the host has gone; the namespace ends with this process, and all children with it
        channel, report = (socket.socket(fileno=handle) for handle in handles)
        request = json.loads(data)
        pid = _fork(own_namespace, bare_fork.fork if request["role"] in SEED_THEMSELVES else os.fork)
        if pid == 0:
            _child(request, channel, report, settings)
        pidfd = [os.pidfd_open(pid)] if hasattr(os, "pidfd_open") else []
        socket.send_fds(report, [json.dumps({"pid": pid}).encode()], pidfd)
        for handle in pidfd:
            os.close(handle)
        channel.close()
        reports[pid] = report


def _fork(own_namespace, fork):
    for pause in (0.2, 1.0, 5.0, None):
        try:
            return fork() if own_namespace is None else jail.fork_with_own_processes(own_namespace, fork)
        except OSError:  # a submission is filling the process table, and will be ended in a moment
            if pause is None:
                raise
            time.sleep(pause)


def _reap(reports, half):
    while True:
        try:
            pid, status, used = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid == half:
            os._exit(1)  # one half is no use, and the host hears of it when both are gone
        if pid not in reports:
            continue  # an orphan's end concerns nobody
        with reports.pop(pid) as report, contextlib.suppress(OSError):  # the host may not care any more
            end = {"status": os.waitstatus_to_exitcode(status), "cpu_seconds": used.ru_utime + used.ru_stime}
            report.send(json.dumps(end).encode())


def _child(request, channel, report, settings):
    status = 1
    try:
        huge_pages.no_more()
        os.setsid()  # a process group spans process namespaces: kill(0, …) must not reach the zygote
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        kept = sorted({channel.fileno(), report.fileno()})
        for low, high in zip([2, *kept], [*kept, os.sysconf("SC_OPEN_MAX")], strict=True):
            os.closerange(low + 1, high)
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        module, _, name = ROLES[request["role"]].partition(":")
        role = getattr(importlib.import_module(module), name)
        if settings["confined"]:
            places = {name: settings[name] for name in ("namespaces", "hidden", "kept")}
            jail.imprison(HOME, jail.Limits(**request["limits"]), **places)
        report.close()
        role(channel, **request["settings"])
        status = 0
    except BaseException as error:
        with contextlib.suppress(OSError):
            report.send(json.dumps({"error": f"{type(error).__name__}: {error}"[:2000]}).encode())
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
    os._exit(0)  # to take the libraries apart would take as long as all children together
