"""The notebook kernel that the zygote forks: ipykernel on sockets that were made outside.

The host binds the kernel's sockets (files of its own, which nobody inside sees) and hands them over open, so that a
kernel in the jail needs neither a network nor a directory that it shares with anybody. Taken over from
``proctor.provisioner``, by ``channel``: the sockets, then a JSON message, then the files to work on.

A trusted kernel is, but for the libraries that are loaded already, the one that ``python -m ipykernel_launcher``
starts: same directory, environment, settings and outputs. It computes on one thread.
"""

import atexit
import contextlib
import io
import json
import os
import socket
import sys
import tarfile

import matplotlib
import zmq
from ipykernel import debugger, iostream
from ipykernel.heartbeat import Heartbeat
from ipykernel.kernelapp import IPKernelApp

from proctor.candidate import read_message

MAX_HANDLES = 7  # five sockets; standard output and error too, if it is trusted


def warm_up() -> None:
    """Import what a kernel imports when it starts and when it draws; children inherit it."""
    from IPython.core.interactiveshell import InteractiveShell
    from matplotlib.backends import backend_agg, backend_svg
    from matplotlib.figure import Figure

    InteractiveShell.clear_instance()  # a candidate's, which ran its first cell
    debugger._is_debugpy_available = False  # it listens on TCP
    for backend in (backend_agg.FigureCanvasAgg, backend_svg.FigureCanvasSVG):
        figure = Figure()
        figure.add_subplot().set_title("$x$")
        backend(figure).print_figure(io.BytesIO())


def take_part(channel: socket.socket, trusted: bool = False) -> None:
    """The role of a zygote's child: be a kernel until it is shut down."""
    import numpy as np
    import torch

    _, handles, _, _ = socket.recv_fds(channel, 1, MAX_HANDLES)
    with channel, channel.makefile("rb") as stream:
        request, files = json.loads(read_message(stream)), read_message(stream)
    sockets, streams = dict(zip(request["sockets"], handles, strict=False)), handles[len(request["sockets"]) :]
    if trusted:
        _settle(request, streams)
    else:
        with tarfile.open(fileobj=io.BytesIO(files)) as archive:
            archive.extractall(".", filter="data")
        iostream.IOPubThread._setup_pipe_in = _without_pipe
        del os.environ["MPLBACKEND"]  # a notebook draws into itself
        os.environ.update(request["environment"])
    sys.argv = request["arguments"]
    np.random.seed()  # Python does this to ``random``
    torch.default_generator.seed()
    app = KernelApp.instance(parent_handle=os.getppid() or 1)  # a trusted kernel ends when the zygote does
    app.connection, app.handles = request["connection"], sockets
    app.initialize(request["arguments"][1:])
    matplotlib.rcParams["backend"] = os.environ["MPLBACKEND"]  # which Matplotlib reads only when it is imported
    app.start()
    if trusted:
        for closing in (app.close, app.iopub_thread.stop):  # they may wait for one another; all has been sent by now
            atexit.unregister(closing)
        atexit._run_exitfuncs()


class KernelApp(IPKernelApp):
    """ipykernel's application, for which everything is there already: connection and sockets."""

    connection: dict
    handles: dict

    def init_connection_file(self):
        self.load_connection_info(self.connection)

    def write_connection_file(self, **kwargs):
        pass

    def _try_bind_socket(self, s, port):
        name = next(name for name in self.handles if self.connection[name] == port)
        return _listen(s, self.handles[name], port)

    def init_control(self, context):
        super().init_control(context)
        # The debugger's, to an address that is outside.
        self.debug_shell_socket.disconnect(self.shell_socket.getsockopt(zmq.LAST_ENDPOINT))

    def init_heartbeat(self):
        self.heartbeat = _Heartbeat(zmq.Context(), (self.transport, self.ip, self.hb_port))
        self.heartbeat.handle = self.handles["hb_port"]
        self.heartbeat.start()


class _Heartbeat(Heartbeat):
    def _try_bind_socket(self):
        _listen(self.socket, self.handle, self.port)


def _listen(zmq_socket, handle, port):
    zmq_socket.setsockopt(zmq.USE_FD, handle)
    zmq_socket.bind(f"ipc://{port}")  # the address is the handle's own
    return port


def _settle(request, streams):
    """Become what the process that asked for the kernel would have started itself."""
    for number, handle in enumerate(streams, 1):
        os.dup2(handle, number)
        os.close(handle)
    with contextlib.suppress(ValueError):
        sys.path.remove(os.getcwd())  # the zygote's
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["directory"])


def _without_pipe(thread):
    """In place of a TCP socket through which forked processes print; theirs is lost."""
    thread._pipe_flag = False
