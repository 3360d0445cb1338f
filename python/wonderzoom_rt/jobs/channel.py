# SPDX-License-Identifier: Apache-2.0
"""Small JSON messages over a Unix socket, each with at most one open file beside it."""

from __future__ import annotations

import array
import json
import os
import select
import socket
import threading
from collections.abc import Mapping
from typing import Any

MAX_MESSAGE_BYTES = 1 << 26


class ChannelClosed(Exception):
    """The other side is gone, or speaks another language."""


class Channel:
    """One end of a socket pair. `send` may be called from any thread, `receive` from one at a time."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._sending = threading.Lock()

    def fileno(self) -> int:
        """The socket's file descriptor, to wait on."""
        return self._socket.fileno()

    def send(self, message: Mapping[str, Any], *, descriptor: int | None = None) -> None:
        """Sends a message; a `descriptor` is duplicated into the other process and stays the caller's.

        Raises ChannelClosed when nobody listens any more.
        """
        body = json.dumps(message).encode()
        data = len(body).to_bytes(8, "little") + body
        files = [] if descriptor is None else [descriptor]
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else []
        try:
            with self._sending:
                sent = self._socket.sendmsg([data], rights)
                self._socket.sendall(data[sent:])
        except OSError as problem:
            raise ChannelClosed(str(problem)) from None

    def ready(self, timeout: float) -> bool:
        """Whether a message (or the end) can be read within `timeout` seconds."""
        readable, _, _ = select.select([self._socket], [], [], timeout)
        return bool(readable)

    def receive(self) -> tuple[dict[str, Any], int | None]:
        """The next message and the file that came with it, which the caller closes.

        Waits for one. Raises ChannelClosed when the other side has gone.
        """
        files: list[int] = []
        try:
            head = self._read(8, files)
            length = int.from_bytes(head, "little")
            if length > MAX_MESSAGE_BYTES:
                raise ChannelClosed(f"a message of {length} bytes")
            message = json.loads(self._read(length, files))
            if not isinstance(message, dict):
                raise ChannelClosed(f"a message that is a {type(message).__name__}")
        except (OSError, ValueError, ChannelClosed) as problem:
            for extra in files:
                os.close(extra)
            raise ChannelClosed(str(problem)) from None
        for extra in files[1:]:
            os.close(extra)
        return message, files[0] if files else None

    def close(self) -> None:
        """Hangs up; the other side's `receive` then raises."""
        self._socket.close()

    def _read(self, count: int, files: list[int]) -> bytes:
        parts: list[bytes] = []
        while count > 0:
            part, descriptors, _, _ = socket.recv_fds(self._socket, min(count, 1 << 20), 4)
            files.extend(descriptors)
            if not part:
                raise ChannelClosed("the other side hung up")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)
