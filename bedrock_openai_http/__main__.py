"""`python -m bedrock_openai_http`: the command line, wherever the package can be imported.

This module only calls `cli.main`.
"""

from __future__ import annotations

import sys

from .cli import main

sys.exit(main())
