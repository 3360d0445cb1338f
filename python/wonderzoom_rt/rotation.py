# SPDX-License-Identifier: Apache-2.0
"""Unit quaternions (w, x, y, z) and rotation matrices, one at a time and as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def matrix_from_quaternion(quaternion: Any) -> NDArray[np.float64]:
    """Rotation matrix (3,3) float64 of a quaternion (4,); its length need not be exactly one."""
    w, x, y, z = (float(part) for part in quaternion)
    k = 2.0 / (w * w + x * x + y * y + z * z)
    return np.array(
        [
            [1.0 - k * (y * y + z * z), k * (x * y - w * z), k * (x * z + w * y)],
            [k * (x * y + w * z), 1.0 - k * (x * x + z * z), k * (y * z - w * x)],
            [k * (x * z - w * y), k * (y * z + w * x), 1.0 - k * (x * x + y * y)],
        ]
    )


def quaternion_from_matrix(matrix: Array) -> NDArray[np.float64]:
    """Unit quaternion (4,) float64 with w >= 0 of a rotation matrix (3,3), by its largest component."""
    m = np.asarray(matrix, dtype=np.float64)
    squares = np.array(
        [
            1.0 + m[0, 0] + m[1, 1] + m[2, 2],
            1.0 + m[0, 0] - m[1, 1] - m[2, 2],
            1.0 - m[0, 0] + m[1, 1] - m[2, 2],
            1.0 - m[0, 0] - m[1, 1] + m[2, 2],
        ]
    )
    largest = int(np.argmax(squares))
    root = 2.0 * float(np.sqrt(squares[largest]))
    skew = np.array([m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]])
    quaternion = np.empty(4)
    if largest == 0:
        quaternion[0] = root / 4.0
        quaternion[1:] = skew / root
    else:
        axis = largest - 1
        quaternion[0] = skew[axis] / root
        for other in range(3):
            quaternion[1 + other] = (m[axis, other] + m[other, axis]) / root
        quaternion[largest] = root / 4.0
    quaternion /= np.linalg.norm(quaternion)
    return -quaternion if quaternion[0] < 0 else quaternion


def multiply(a: Array, b: Array) -> Array:
    """Quaternion product a*b (first b, then a), broadcast over (...,4)."""
    aw, ax, ay, az = np.moveaxis(np.asarray(a), -1, 0)
    bw, bx, by, bz = np.moveaxis(np.asarray(b), -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def quaternion_about(axis: Any, angle: float) -> NDArray[np.float64]:
    """Unit quaternion (4,) that turns by `angle` radians about the unit vector `axis` (3,)."""
    half = 0.5 * angle
    x, y, z = (float(part) for part in axis)
    return np.array([np.cos(half), x * np.sin(half), y * np.sin(half), z * np.sin(half)])


def quaternion_between(start: Any, end: Any) -> NDArray[np.float64]:
    """The smallest rotation (4,) that takes the unit vector `start` to the unit vector `end`."""
    a, b = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    quaternion = np.concatenate([[1.0 + float(a @ b)], np.cross(a, b)])
    length = float(np.linalg.norm(quaternion))
    if length < 1e-12:
        axis = np.cross(a, np.eye(3)[int(np.argmin(np.abs(a)))])
        return np.concatenate([[0.0], axis / np.linalg.norm(axis)])
    return quaternion / length


def quaternions_facing(normals: Array) -> Array:
    """Quaternions (N,4), of the dtype given, that turn the z axis to the unit `normals` (N,3).

    The smallest such rotation where z >= 0; the smallest after half a turn about x elsewhere, so that no
    direction is singular.
    """
    n = np.asarray(normals)
    up = n[:, 2] >= 0
    scale = 1.0 / np.sqrt(2.0 * (1.0 + np.abs(n[:, 2])))
    out = np.empty((len(n), 4), dtype=n.dtype)
    w = (1.0 + np.abs(n[:, 2])) * scale
    x = n[:, 0] * scale
    y = n[:, 1] * scale
    out[:, 0] = np.where(up, w, -y)
    out[:, 1] = np.where(up, -y, w)
    out[:, 2] = np.where(up, x, 0)
    out[:, 3] = np.where(up, 0, x)
    return out
