"""Memory that many children share, gathered into huge pages: a fork then copies and frees far fewer entries."""

import contextlib
import ctypes

MADV_COLLAPSE, HUGE_PAGE = 25, 2 * 2**20


def gather() -> None:
    """Gather this process's own memory, which takes a third of a second; where the kernel cannot, nothing happens."""
    with contextlib.suppress(OSError), open("/proc/self/maps", encoding="utf-8") as maps:
        libc = ctypes.CDLL(None)
        for line in maps.read().splitlines():
            place, rights, *_, path = [*line.split(), ""][:6]
            start, end = (int(word, 16) for word in place.split("-"))
            start, end = -(-start // HUGE_PAGE) * HUGE_PAGE, end // HUGE_PAGE * HUGE_PAGE
            if rights == "rw-p" and path in ("", "[heap]") and start < end:
                libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), MADV_COLLAPSE)
