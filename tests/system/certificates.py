"""A certificate authority for a day, and what it has signed, by the command openssl.

This module keeps its keys in a temporary folder.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from processes import command

NEW = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 1"


@dataclass(frozen=True)
class Authority:
    """Signs certificates; `bundle` is what a client must trust."""

    folder: Path

    @property
    def bundle(self) -> Path:
        return self.folder / "ca.pem"

    @classmethod
    def make(cls, folder: Path) -> Authority:
        authority = cls(folder)
        authority._openssl(
            f"{NEW} -subj /CN=authority -addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.pem"
        )
        return authority

    def sign(self, name: str, usage: str = "serverAuth") -> tuple[Path, Path]:
        """Return the files of a certificate for the DNS name `name`, and of its key."""
        self._openssl(
            f"{NEW} -CA ca.pem -CAkey ca.key -subj /CN={name} -addext subjectAltName=DNS:{name} "
            f"-addext extendedKeyUsage={usage} -keyout {name}.key -out {name}.pem"
        )
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def _openssl(self, arguments: str) -> None:
        openssl = command("openssl", "apt-get install openssl")
        subprocess.run([openssl, *arguments.split()], cwd=self.folder, check=True, capture_output=True, timeout=30)
