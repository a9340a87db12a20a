"""Where a Dask scheduler listens, and who may reach it.

Dask's processes unpickle what they send each other: whoever reaches the scheduler can run code on all of them, and sees
submissions and tests. So off this machine only TLS will do. Both sides show a certificate, and Dask does not compare it
with the host's name: the authority that signs them must be the cluster's own.
"""

import contextlib
import importlib.util
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


class ClusterError(RuntimeError):
    """The cluster cannot judge, or no longer; the message says why and what to do."""


class VersionMismatch(ClusterError):
    """A process of the cluster would judge otherwise than this one: other code, library, PyTorch, NumPy or Python."""


@dataclass(frozen=True)
class Scheduler:
    """Where a Dask scheduler listens, and how to reach it.

    Attributes:
        address: ``tls://HOST:PORT``, or ``tcp://HOST:PORT`` on this machine.
        tls_ca: the authority that signed the certificates of the cluster's processes, and no others.
        tls_cert: this process's certificate.
        tls_key: its key. Without these three, Dask's own configuration says where they are.

    Raises:
        ValueError: if the address cannot be used, a file for TLS is missing, or Dask is not installed.
    """

    address: str
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    def __post_init__(self):
        if importlib.util.find_spec("distributed") is None:
            raise ValueError(
                "--scheduler needs Dask, which is not installed: install this package with its extra `cluster`"
            )
        parts = urlsplit(self.address)
        try:
            complete = bool(parts.hostname and parts.port)
        except ValueError:
            complete = False
        if parts.scheme not in ("tcp", "tls") or not complete:
            raise ValueError(f"expected a scheduler tls://HOST:PORT or tcp://127.0.0.1:PORT, got {self.address!r}")
        if parts.scheme == "tcp" and not _loopback(parts.hostname):
            raise ValueError(
                f"{self.address} is not this machine, and without TLS whoever is on its network can change grades and "
                "run code on every worker: start scheduler and workers with --protocol tls, --tls-ca-file, --tls-cert "
                f"and --tls-key, and give proctor tls://{parts.netloc} with --tls-ca, --tls-cert and --tls-key"
            )
        self.security()

    def security(self):
        """Dask's settings for TLS, a ``distributed.Security``; None for tcp."""
        files = {"tls_ca_file": self.tls_ca, "tls_client_cert": self.tls_cert, "tls_client_key": self.tls_key}
        given = {name: str(path) for name, path in files.items() if path is not None}
        if self.address.startswith("tcp:"):
            if given:
                raise ValueError(f"files for TLS were given, but {self.address} does not use it: say tls://")
            return None
        from distributed import Security

        security = Security(require_encryption=True, **given)
        for name in files:
            path = getattr(security, name)
            if path is None:
                raise ValueError(
                    f"{self.address} needs --tls-ca, --tls-cert and --tls-key, or distributed.comm.tls.ca-file, "
                    f"client.cert and client.key in Dask's configuration; {name} is missing"
                )
            if "\n" not in path and not Path(path).is_file():  # Dask's configuration may hold the text itself
                raise ValueError(f"expected a PEM file at {path} for {name}, found none")
        return security


def _loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
