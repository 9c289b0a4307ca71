# SPDX-License-Identifier: GPL-2.0
# keeps.py ADDR PORT COUNT PREFIX...: for each prefix a connection that is kept alive.
import http.client
import sys

from talk import digest, steps, together

ADDR, PORT, COUNT = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def keeps_alive(prefix):
    conn, pages = http.client.HTTPConnection(ADDR, PORT, timeout=60), b""
    for i in steps(COUNT):
        conn.request("GET", f"{prefix}{i}")
        response = conn.getresponse()
        pages += response.read()
        if response.status != 200:
            raise ConnectionError(response.status)
    return digest(pages), pages.count(b"\n")


together(*[(keeps_alive, prefix) for prefix in sys.argv[4:]])
