# SPDX-License-Identifier: Apache-2.0
"""Benchmarks as data: named scenes, camera paths, the machine's own limits, results that can be compared."""
