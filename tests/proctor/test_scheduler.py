"""Where a scheduler may be: on this machine, or behind TLS. No connection is made."""

import dask
import pytest

from proctor import scheduler
from proctor.scheduler import Scheduler


@pytest.fixture
def files(tmp_path):
    paths = {name: tmp_path / f"{name}.pem" for name in ("tls_ca", "tls_cert", "tls_key")}
    for path in paths.values():
        path.write_text("a certificate")
    return paths


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "localhost", "[::1]"])
def test_this_machine_needs_no_tls(host):
    assert Scheduler(f"tcp://{host}:8786").security() is None


@pytest.mark.parametrize(
    "host", ["10.0.0.5", "0.0.0.0", "[2001:db8::1]", "node17", "localhost.example.org", "128.0.0.1"]
)
def test_other_machines_need_tls(host, files):
    with pytest.raises(ValueError, match=r"is not this machine, and without TLS .*--tls-ca-file.* tls://.*:8786 with"):
        Scheduler(f"tcp://{host}:8786")
    with pytest.raises(ValueError, match="needs --tls-ca, --tls-cert and --tls-key, or distributed"):
        Scheduler(f"tls://{host}:8786")
    assert Scheduler(f"tls://{host}:8786", **files).security().tls_client_key == str(files["tls_key"])


@pytest.mark.parametrize(
    "address", ["", "node17:8786", "http://127.0.0.1:80", "tls://node17", "tls://:8786", "tls://a:b"]
)
def test_what_is_no_address_is_named(address):
    with pytest.raises(ValueError, match=r"expected a scheduler tls://HOST:PORT or tcp://127.0.0.1:PORT, got"):
        Scheduler(address)


def test_files_of_tls_must_be_there_and_be_used(files, tmp_path):
    with pytest.raises(ValueError, match="tls_client_key is missing"):
        Scheduler("tls://node17:8786", files["tls_ca"], files["tls_cert"])
    with pytest.raises(ValueError, match=r"expected a PEM file at .*gone.pem for tls_ca_file, found none"):
        Scheduler("tls://node17:8786", tmp_path / "gone.pem", files["tls_cert"], files["tls_key"])
    with pytest.raises(ValueError, match=r"does not use it: say tls://"):
        Scheduler("tcp://127.0.0.1:8786", **files)


def test_dasks_own_configuration_will_do(files):
    names = {"ca-file": "tls_ca", "client.cert": "tls_cert", "client.key": "tls_key"}
    with dask.config.set({f"distributed.comm.tls.{name}": str(files[file]) for name, file in names.items()}):
        security = Scheduler("tls://node17:8786").security()
    assert security.require_encryption and security.tls_ca_file == str(files["tls_ca"])


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(scheduler.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="install this package with its extra `cluster`"):
        Scheduler("tcp://127.0.0.1:8786")
