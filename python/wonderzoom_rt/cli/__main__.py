# SPDX-License-Identifier: Apache-2.0
"""`python -m wonderzoom_rt.cli`: the same as `wonderzoom`."""

from __future__ import annotations

import sys

from .main import main

sys.exit(main())
