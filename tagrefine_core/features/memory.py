"""Memory that the allocator keeps while networks look at photos."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["kept_memory"]

# Numbers of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT = (1 << 30, 1 << 25)  # bytes; older releases take no more than the second
_USUAL = 1 << 25  # where glibc's own threshold settles after a large array


@contextmanager
def kept_memory() -> Iterator[None]:
    """Keep freed memory of the process for its next allocation until the end, then give it back to the system.

    A network allocates and frees megabytes at every layer. glibc returns them to the kernel each time, which has to clear
    them anew: more than half of the time in batches of 64. Elsewhere nothing is changed.
    """
    libc = ctypes.CDLL(None)
    if not (hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim")):
        yield
        return
    any(libc.mallopt(_MMAP_THRESHOLD, kept) for kept in _KEPT)
    libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        libc.mallopt(_MMAP_THRESHOLD, _USUAL)
        libc.mallopt(_TRIM_THRESHOLD, 2 * _USUAL)
        libc.malloc_trim(0)
