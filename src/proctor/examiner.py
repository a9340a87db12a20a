"""The examiner: reads one submission and judges it, in a process of its own that is locked up too.

It is the only process that knows the tests and meets what the student's code sends. It parses the notebook, asks the
host (``proctor.sitting``) which questions are still to be judged, runs given and tests cells, and asks for a candidate
when it needs one. On the line to the host:

    host       the bytes handed in, and the assignment unless it is known here (pickled: the host is trusted; the other
               direction is JSON)
    examiner   {"submission": …}
    host       {"judge": [questions]}
    examiner   {"launch": true}             host: a socket to a fresh candidate
    examiner   {"bill": seconds or null}    the CPU limit from here on, once a question takes long; no reply
    examiner   {"why": true}                host: {"kind": …, "message": …}, why the candidate is gone
    examiner   {"close": true}              the candidate is needed no more; no reply
    examiner   {"judgement": …}
"""

import contextlib
import json
import pickle
import socket
import threading
import time

from proctor import codec, intake, rehearsal
from proctor.candidate import read_message, seed, write_message
from proctor.judge import GivenCellError, judge
from proctor.limits import POLL, CandidateLost


def take_part(channel: socket.socket) -> None:
    """The role of a zygote's child: examine one submission."""
    seed(b"")  # whatever a test may draw, it draws the same for everybody
    line = Line(channel)
    work = pickle.loads(read_message(line.receive))
    assignment = work["assignment"] or rehearsal.assignment
    data, problems = work["data"], work["problems"]
    submission = intake.parse(data, assignment, work["student"], problems)
    asked = line.ask({"submission": submission.to_dict()})["judge"]
    try:
        judgement = judge(
            assignment, submission.answers, launch=line.launch, secret=work["secret"], asked=asked, again=True
        )
    except GivenCellError as error:
        line.say({"fault": str(error)})
    else:
        line.say({"judgement": judgement.to_dict()})


class Line:
    """The examiner's end of the line to the host."""

    def __init__(self, channel: socket.socket):
        self.channel, self.receive = channel, channel.makefile("rb", buffering=0)
        self._send, self._lock = channel.makefile("wb"), threading.Lock()

    def say(self, message: dict) -> None:
        """Tell the host something that needs no reply."""
        with self._lock:
            write_message(self._send, json.dumps(message).encode())

    def ask(self, message: dict) -> dict:
        """Tell the host something and wait for its reply."""
        self.say(message)
        return json.loads(read_message(self.receive))

    def launch(self) -> "SeatedCandidate":
        """A fresh candidate; the role of ``judge``'s ``launch``."""
        self.say({"launch": True})
        _, handles, _, _ = socket.recv_fds(self.channel, 1, 1)
        return SeatedCandidate(socket.socket(fileno=handles[0]), self)


class SeatedCandidate:
    """A candidate that the host watches; used like ``proctor.launch.Candidate``."""

    cpu_seconds = 0.0  # the host knows

    def __init__(self, channel: socket.socket, line: Line):
        self._channel, self._line = channel, line
        self._receive, self._send = channel.makefile("rb"), channel.makefile("wb")
        self._limit, self._since, self._billed, self._lock = None, 0.0, False, threading.Lock()
        threading.Thread(target=self._bill, daemon=True).start()

    def _bill(self):
        """Tell the host of the limit of a question that takes long; most are answered before it need look."""
        while not self._receive.closed:
            time.sleep(POLL)
            with self._lock, contextlib.suppress(OSError, ValueError):  # the line is closed: all is over
                if self._limit is not None and time.monotonic() - self._since > POLL:
                    self._line.say({"bill": self._limit})
                    self._limit, self._billed = None, True

    def exchange(self, data: bytes, cpu_seconds: float | None = None) -> bytes:
        """Send a request and wait for the reply; see ``Candidate.exchange``."""
        if cpu_seconds is not None:
            with self._lock:
                if self._billed:
                    self._line.say({"bill": None})  # what is to come is another question's
                self._billed, self._since, self._limit = False, time.monotonic(), cpu_seconds
        try:
            write_message(self._send, data)
            return read_message(self._receive)
        except TimeoutError:  # of the test that is running
            raise
        except (EOFError, OSError):
            why = self._line.ask({"why": True})
            raise CandidateLost(why["kind"], why["message"]) from None
        except codec.CodecError as error:
            raise CandidateLost("crash", f"the process sent what is no reply ({error})") from None

    def close(self) -> None:
        """Give the candidate up."""
        if not self._receive.closed:
            with self._lock:
                self._limit = None
            self._line.say({"close": True})
            for end in (self._send, self._receive, self._channel):
                with contextlib.suppress(OSError):  # what was still to be sent
                    end.close()
