"""The jail: what a forked child does to itself before anything of a student runs in it. Linux only.

The zygote (``proctor.zygote_process``) is already in a bubblewrap sandbox with a read-only root and no network. Each of
its children becomes the first process of its own process namespace, and then gives itself its own user, mount, network,
IPC, host-name and cgroup namespaces, empty ``/tmp``, home and ``/dev/shm``, an empty ``/proc``, limits, no
capabilities, no way to new privileges, and a filter of system calls. So it can neither see nor signal, trace or wait
for another submission, the zygote or the grader, and when it ends the kernel ends everything that it started.

Namespaces are made with ``unshare`` and ``setns`` through ctypes (Python has them from 3.12 on); libseccomp, by way of
``pyseccomp``, knows the numbers of system calls on every architecture.
"""

import ctypes
import errno
import functools
import os
import resource
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

NEW_USER, NEW_PID, NEW_MOUNT, NEW_NET = 0x10000000, 0x20000000, 0x00020000, 0x40000000
NEW_IPC, NEW_UTS, NEW_CGROUP = 0x08000000, 0x04000000, 0x02000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 22, 24, 38
SECCOMP_MODE_FILTER = 2
CAPABILITY_VERSION_3 = 0x20080522
LAST_CAPABILITY = 63
UNKNOWN = -1  # libseccomp's number of a system call that it does not know
SCRATCH = 64 * 2**20  # bytes in each of /tmp, home and /dev/shm: they take memory
CPU_INFO = ("cpuinfo", "meminfo")  # all of /proc that libraries ask for

# What honest code on tensors never calls: reaching into other processes, changing mounts and namespaces, the kernel's
# keys, probes and modules, memory that no limit counts, and interfaces that were ways out of sandboxes before.
DENIED = """
    ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise
    mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr open_tree_attr
    unshare setns add_key request_key keyctl bpf perf_event_open userfaultfd io_uring_setup io_uring_enter
    io_uring_register init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff
    memfd_create memfd_secret shmget shmat shmctl semget semop semctl semtimedop msgget msgsnd msgrcv msgctl
    mq_open mq_unlink name_to_handle_at open_by_handle_at acct quotactl syslog settimeofday clock_settime adjtimex
    clock_adjtime sethostname setdomainname lookup_dcookie iopl ioperm modify_ldt vhangup nfsservctl
    fanotify_init personality seccomp mbind set_mempolicy migrate_pages move_pages
    quotactl_fd sysfs ustat uselib sched_setaffinity
""".split()  # noqa: SIM905 - a list literal would be fifty lines
# System calls of Linux 5.17 and later, the same numbers everywhere: as if they were not there yet. Nobody has looked at
# all of them, and libseccomp does not know their names; the C library does without.
NEWER = range(450, 512)


@dataclass(frozen=True)
class Limits:
    """What one process may use; the watcher of ``proctor.sitting`` bounds the sum over its children.

    Attributes:
        memory: bytes beyond what the libraries take, mapped in any way.
        cpu_seconds: CPU time, as a last resort.
        file: bytes of one file.
        files: open files.
        processes: processes and threads; the kernel does not hold root to it.
    """

    memory: int
    cpu_seconds: int
    file: int = 64 * 2**20
    files: int = 256
    processes: int = 64


class JailError(OSError):
    """A step of the isolation failed; the message names it."""


def become_root_of_processes() -> None:
    """Continue as the first process of a new process namespace, with the right to make more of them.

    The calling process stays behind, waits, and ends as its child does.

    Raises:
        JailError: if the kernel refuses; user namespaces may be switched off.
    """
    uid, gid = os.getuid(), os.getgid()
    _call("unshare", NEW_USER | NEW_PID)
    _map(uid, gid)
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def fork_with_own_processes(home: int, fork: Callable[[], int] = os.fork) -> int:
    """Fork, with the child as the first process of a new process namespace.

    Args:
        home: file descriptor of this process's own namespace, ``/proc/self/ns/pid``.
        fork: ``os.fork``, or one like it.

    Returns:
        The child's process id here; 0 in the child.
    """
    _call("unshare", NEW_PID)
    try:
        pid = fork()
    except OSError:
        _call("setns", home, NEW_PID)
        raise
    if pid:
        _call("setns", home, NEW_PID)
    return pid


def imprison(home: str, limits: Limits, *, namespaces: bool = True, hidden=(), kept=()) -> None:
    """Lock this process up, for good.

    Args:
        home: the home directory inside; becomes the working directory.
        limits: what it may use.
        namespaces: give it namespaces of its own; False where bubblewrap was started for this process alone.
        hidden: files and folders that are to be empty; with namespaces only.
        kept: folders that are to stay where a place to write is laid over them; with namespaces only.

    Raises:
        JailError: if the kernel refuses a step.
    """
    mapped = int(_read("/proc/self/statm").split()[0]) * resource.getpagesize()
    if namespaces:
        _isolate(home, hidden, kept)
    os.chdir(home)
    hard = {
        resource.RLIMIT_AS: mapped + limits.memory,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: limits.file,
        resource.RLIMIT_NOFILE: limits.files,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    if namespaces:  # else every process of this user on the machine would count
        hard[resource.RLIMIT_NPROC] = limits.processes
    for name, value in hard.items():
        resource.setrlimit(name, (value, value))
    _give_up_capabilities()
    _filter_system_calls()


def _isolate(home, hidden, kept):
    uid, gid = os.getuid(), os.getgid()
    _call("unshare", NEW_USER | NEW_MOUNT | NEW_NET | NEW_IPC | NEW_UTS | NEW_CGROUP)
    _map(uid, gid)
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    places = (home, "/tmp", "/dev/shm")
    below = [(os.open(path, os.O_PATH), path) for path in kept if path.startswith(tuple(f"{one}/" for one in places))]
    for place in places:
        _mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, f"size={SCRATCH},nr_inodes=4096,mode=0755")
    for handle, path in below:  # a course that lies in /tmp
        os.makedirs(path)
        _mount(f"/proc/self/fd/{handle}", path, None, MS_BIND | MS_REC)
        os.close(handle)
    for path in hidden:
        if os.path.isdir(path):
            _mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "size=4k")
        else:
            _mount("/dev/null", path, None, MS_BIND)
    # Terminals too: a device of bubblewrap's would be one that all submissions can open.
    _mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666")
    # A fresh procfs is not allowed below bubblewrap's; nothing in it is worth having but these.
    _mount("tmpfs", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=1m,mode=0755")
    for name, text in about_cpus().items():
        _write(f"/proc/{name}", text)
    _mount("none", "/proc", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)


@functools.cache
def about_cpus() -> dict[str, str]:
    """What is to be kept of ``/proc``; read once, before it is gone."""
    return {name: _read(f"/proc/{name}") for name in CPU_INFO}


def _give_up_capabilities():
    for capability in range(LAST_CAPABILITY + 1):
        if _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) and ctypes.get_errno() != errno.EINVAL:
            break  # not allowed to: then there is none to give up
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


def _filter_system_calls():
    program = system_call_filter()
    lines = ctypes.create_string_buffer(program, len(program))
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call(
        "prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(_Program(len(program) // 8, ctypes.addressof(lines)))
    )


class _Program(ctypes.Structure):
    """The kernel's ``struct sock_fprog``: how many instructions of eight bytes, and where."""

    _fields_ = (("length", ctypes.c_ushort), ("lines", ctypes.c_void_p))


@functools.cache
def system_call_filter() -> bytes:
    """The filter, for the kernel: what is in ``DENIED``, new namespaces, and every socket but local ones, fail.

    Raises:
        JailError: if libseccomp is not installed.
    """
    try:
        import pyseccomp
    except (ImportError, RuntimeError) as error:
        raise JailError(errno.ENOSYS, f"libseccomp is missing ({error}): apt-get install libseccomp2") from None
    rules, refuse = pyseccomp.SyscallFilter(pyseccomp.ALLOW), pyseccomp.ERRNO(errno.EPERM)
    for name in DENIED:
        if pyseccomp.resolve_syscall(pyseccomp.system_arch(), name) != UNKNOWN:  # newer than this libseccomp
            rules.add_rule(refuse, name)
    for number in NEWER:
        rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), number)
    for flag in (NEW_USER, NEW_PID, NEW_MOUNT, NEW_NET, NEW_IPC, NEW_UTS, NEW_CGROUP):
        rules.add_rule(refuse, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    # Its flags lie in memory, where a filter cannot look; the C library falls back to clone.
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    for name in ("socket", "socketpair"):
        rules.add_rule(pyseccomp.ERRNO(errno.EAFNOSUPPORT), name, pyseccomp.Arg(0, pyseccomp.NE, socket.AF_UNIX))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _map(uid: int, gid: int):
    """Be the same user inside the new user namespace."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        _write(f"/proc/self/{name}", text)


def _mount(source, target, kind, flags, data=None):
    words = [None if word is None else word.encode() for word in (source, target, kind)]
    _call("mount", *words, ctypes.c_ulong(flags), None if data is None else data.encode(), about=f" on {target}")


def _call(name, *arguments, about=""):
    if getattr(_libc, name)(*arguments):
        number = ctypes.get_errno()
        raise JailError(number, f"{name}{about}: {os.strerror(number)}")


def _read(path) -> str:
    handle = os.open(path, os.O_RDONLY)  # open() touches far more memory, for every child
    try:
        return b"".join(iter(lambda: os.read(handle, 65536), b"")).decode()
    finally:
        os.close(handle)


def _write(path, text):
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


_libc = ctypes.CDLL(None, use_errno=True)
