"""`works` and `hostile` are modules of their own: other processes and the soak script import them too."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
