# SPDX-License-Identifier: GPL-2.0
import hashlib
import http.client
import sys

from talk import digest, steps, together

ADDR, PORT = sys.argv[1], 8080
LARGE = 10 << 20


def fetch(conn, path):
    conn.request("GET", path)
    response = conn.getresponse()
    body = response.read()
    if response.status != 200:
        raise ConnectionError(response.status)
    return body


def keeps_alive(prefix):
    conn, pages = http.client.HTTPConnection(ADDR, PORT, timeout=60), b""
    for i in steps(300):
        pages += fetch(conn, f"{prefix}{i % 50 + 1}")
    return digest(pages)


def downloads(path, nr):
    """A slow reader: the server has full queues nearly always."""
    conn, size, total = http.client.HTTPConnection(ADDR, PORT, timeout=60), 0, hashlib.sha256()
    conn.request("GET", path)
    response = conn.getresponse()
    pace = steps(nr)
    while data := response.read(LARGE // nr):
        total.update(data)
        size += len(data)
        next(pace, None)
    return total.hexdigest(), size


if sys.argv[2:] == ["ready"]:
    fetch(http.client.HTTPConnection(ADDR, PORT, timeout=5), "/1")
else:
    together((keeps_alive, "/"), (keeps_alive, "/proxy/"), (downloads, "/large", 500),
             (downloads, "/slow/large", 50))
