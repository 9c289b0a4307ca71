#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What a player of an OpenArena server would notice of its move.

quake_poll.py poll SERVER CLIENT...    ask for the status from each address in turn; a line
                                       with the time of each answer
quake_poll.py gap FILE FROM TO         the longest time without an answer in that part, in ms
quake_poll.py rcon SERVER PASSWORD COMMAND

The server answers ten questions a second from one address (its own limit), so several
addresses make the picture finer. Times: seconds of CLOCK_MONOTONIC.
"""
import select
import socket
import sys
import time

PORT = 27960
HEAD = b"\xff\xff\xff\xff"
EACH = 0.12  # seconds between two questions from one address


def poll(server, clients):
    socks = []
    for client in clients:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((client, 0))
        sock.setblocking(False)
        socks.append(sock)
    turn, due = 0, time.monotonic()
    while True:
        now = time.monotonic()
        if now >= due:
            try:
                socks[turn % len(socks)].sendto(HEAD + b"getstatus", (server, PORT))
            except OSError:
                pass  # nobody has the address for a moment
            turn += 1
            due = max(due + EACH / len(socks), now)
        for sock in select.select(socks, [], [], max(0, due - time.monotonic()))[0]:
            try:
                data = sock.recv(65536)
            except OSError:
                continue  # an ICMP error
            if data.startswith(HEAD + b"statusResponse"):
                print(f"{time.monotonic():.6f}", flush=True)


def gap(path, start, end):
    with open(path) as file:
        times = [float(line) for line in file if line.endswith("\n")]
    before = [at for at in times if at < start][-1:]
    times = before + [at for at in times if start <= at <= end]
    if len(times) < 2:
        sys.exit("no answers in that time")
    print(round(1000 * max(b - a for a, b in zip(times, times[1:]))))


def rcon(server, password, command):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for _ in range(20):
        sock.sendto(HEAD + f"rcon {password} {command}".encode(), (server, PORT))
        sock.settimeout(1)
        try:
            answer = sock.recv(65536)
        except OSError:
            continue
        # what does not fit into one packet comes at once, and many commands say nothing
        while select.select([sock], [], [], 0.1)[0]:
            answer += sock.recv(65536)
        print(answer.replace(HEAD + b"print\n", b"").decode("latin1").strip())
        return
    sys.exit("the server does not answer")


def main():
    command, *args = sys.argv[1:]
    if command == "poll":
        poll(args[0], args[1:])
    elif command == "gap":
        gap(args[0], float(args[1]), float(args[2]))
    else:
        rcon(*args)


main()
