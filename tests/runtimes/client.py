# SPDX-License-Identifier: GPL-2.0
# client.py HOST PORT: one connection, a line each 50 ms that must come back; prints "NUMBER
# MILLISECONDS", the time that the answer took.
import socket, sys, time

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
lines = sock.makefile("r")
number = 0
while True:
    number += 1
    begin = time.monotonic()
    sock.sendall(b"%d\n" % number)
    answer = lines.readline().strip()
    if answer != str(number):
        print("failed: sent %d, got %r" % (number, answer), flush=True)
        sys.exit(1)
    print(number, int((time.monotonic() - begin) * 1000), flush=True)
    time.sleep(0.05)
