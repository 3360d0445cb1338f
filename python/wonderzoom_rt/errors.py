# SPDX-License-Identifier: Apache-2.0
"""Errors a user can meet. Each message is one line: what was expected and what came."""

from __future__ import annotations


class WonderzoomError(Exception):
    """Base of every error that this package raises on purpose."""


class InputError(WonderzoomError, ValueError):
    """An argument, a photograph, a depth map or a camera is not what was asked for."""


class WorldError(WonderzoomError):
    """A world file is damaged, locked, too new, or cannot take the change that was asked for."""


class DeviceError(WonderzoomError):
    """There is no GPU that this build can use, or the GPU, its driver or its memory failed."""


class GeneratorError(WonderzoomError):
    """A generator or its worker process failed; the world is as it was."""


class MissingExtraError(WonderzoomError):
    """An optional package is not installed; the message names the extra that brings it."""


class CancelledError(WonderzoomError):
    """The job was cancelled before it was done; the world is as it was."""
