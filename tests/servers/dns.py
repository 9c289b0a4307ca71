# SPDX-License-Identifier: GPL-2.0
# dns.py ADDR PORT COUNT: asks for names; over UDP again when no answer comes, as resolvers do.
import socket
import struct
import sys

from talk import connect, digest, steps, together

ADDR, PORT, COUNT = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def question(number, name, kind):
    labels = b"".join(bytes([len(part)]) + part for part in name.encode().split(b"."))
    return struct.pack(">HHHHHH", number, 0x100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)


def over_udp():
    sock, answers = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), b""
    sock.connect((ADDR, PORT))
    sock.settimeout(1)
    for i in steps(COUNT):
        for _ in range(60):
            try:
                sock.send(question(i, f"host{i % 200 + 1}.example", 1))
                answer = sock.recv(4096)
                while answer[:2] != struct.pack(">H", i):
                    answer = sock.recv(4096)
                break
            except (TimeoutError, ConnectionRefusedError):
                continue
        answers += answer
    return digest(answers), len(answers)


def over_tcp():
    """dnsmasq has a process for each connection."""
    answers = b""
    sock = connect(ADDR, PORT)
    file = sock.makefile("rb")
    for i in steps(min(COUNT, 90)):
        data = question(i, "text.example", 16)
        sock.sendall(struct.pack(">H", len(data)) + data)
        length = file.read(2)
        answers += file.read(struct.unpack(">H", length)[0])
    return digest(answers), len(answers)


together((over_udp,), (over_tcp,))
