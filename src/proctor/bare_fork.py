"""``os.fork`` without what Python does besides, for a process that forks thousands of children.

After a fork Python and its libraries look after their threads, locks and generators, in parent and child. That touches
some 400 pages of memory, each of which is copied, and takes the child longer than all its isolation. A process with one
thread that holds no lock has nothing to look after, but for its random generators, which its children must seed.
"""

import ctypes
import os


def fork() -> int:
    """Fork; call it with one thread only, and seed the generators of ``random`` in the child.

    Returns:
        The child's process id; 0 in the child.

    Raises:
        OSError: if the kernel refuses.
    """
    pid = _libc.fork()  # of the C library: its own locks are looked after
    if pid < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return pid


_libc = ctypes.PyDLL(None, use_errno=True)  # the interpreter's lock is held all the time: the child must hold it too
