"""The terminal as a script sees it: an exit code, data and words."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.cli.main import run_cli


@dataclass(frozen=True)
class Said:
    """What one command left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


def brandswipe(*arguments: str, workspace: Path | None = None) -> Said:
    """Run one command in this process."""
    where = () if workspace is None else ("--workspace", str(workspace))
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run_cli([*arguments, *where])
    return Said(code, out.getvalue(), err.getvalue())
