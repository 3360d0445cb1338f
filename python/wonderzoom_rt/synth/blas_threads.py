# SPDX-License-Identifier: Apache-2.0
"""Keeps the linear algebra library to one thread while a level is made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within it numpy's linear algebra runs on one thread; without the package threadpoolctl it does nothing.

    The products of a zoom are small and come between renders that use every core: BLAS threads that spin while they
    wait for the next product slow these down (a x8 zoom at quality fast took 3.9 s with them, 3.4 s without, on two
    cores).
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        yield
        return
    with threadpool_limits(1, user_api="blas"):
        yield
