"""A disk that is full: Linux has one as a device."""

from pathlib import Path

import pytest

FULL_DISK = Path("/dev/full")
needs_full_disk = pytest.mark.skipif(not FULL_DISK.exists(), reason="only Linux has a device that is a full disk")
