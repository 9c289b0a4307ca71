# SPDX-License-Identifier: GPL-2.0
"""What the clients share: connections that wait for long, a steady pace, threads that matter."""
import hashlib
import os
import socket
import sys
import threading
import time

WORK_SECONDS = float(os.environ.get("WORK_SECONDS", 5))


def connect(addr, port):
    sock = socket.create_connection((addr, port), 60)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def read_exactly(file, length):
    data = file.read(length)
    if len(data) != length:
        raise EOFError(f"{len(data)} bytes of {length}: the connection was closed")
    return data


def steps(count):
    """Numbers, spread over the time that a client works when nothing disturbs it."""
    for number in range(count):
        began = time.monotonic()
        yield number
        left = WORK_SECONDS / count - (time.monotonic() - began)
        if left > 0:
            time.sleep(left)


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def together(*jobs):
    """Runs (function, argument...) in threads; prints what each returned, in this order."""
    results = [None] * len(jobs)

    def one(number, job):
        try:
            results[number] = f"{job[0].__name__}: {job[0](*job[1:])}"
        except BaseException as error:  # whatever it is: the client noticed
            results[number] = f"{job[0].__name__} FAILED: {error!r}"

    threads = [threading.Thread(target=one, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("\n".join(results), flush=True)
    sys.exit(any(" FAILED: " in result for result in results))
