# SPDX-License-Identifier: GPL-2.0
import socket
import struct
import sys

from talk import connect, digest, read_exactly, steps, together

ADDR, PORT = sys.argv[1], 11211


class Memcached:
    def __init__(self):
        self.sock = connect(ADDR, PORT)
        self.file = self.sock.makefile("rb")

    def ask(self, line, data=None):
        self.sock.sendall(line + b"\r\n" + (b"" if data is None else data + b"\r\n"))
        answer = self.file.readline()
        if not answer:
            raise EOFError("the connection was closed")
        if not answer.startswith(b"VALUE"):
            return answer.strip()
        value = read_exactly(self.file, int(answer.split()[3]) + 2)[:-2]
        read_exactly(self.file, 5)
        return value


def sets_and_gets(number):
    cache, answers = Memcached(), []
    for i in steps(150):
        value = b"%d " % i * (i * 7)
        answers.append(cache.ask(b"set k%d-%d 0 0 %d" % (number, i % 40, len(value)), value))
        answers.append(cache.ask(b"get k%d-%d" % (number, i % 40)))
    return digest(repr(answers).encode())


def increments(number):
    cache = Memcached()
    cache.ask(b"add sum 0 0 1", b"0")
    for i in steps(200):
        cache.ask(b"incr sum %d" % number)
        cache.ask(b"incr own%d 1" % number)
        cache.ask(b"set own%d 0 0 %d" % (number, len(b"%d" % i)), b"%d" % i)
    return cache.ask(b"get own%d" % number)


def datagrams():
    """Over UDP what is lost is asked for again, as its users do."""
    sock, answers = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), []
    sock.connect((ADDR, PORT))
    sock.settimeout(1)
    for i in steps(100):
        while True:
            try:
                sock.send(struct.pack(">HHHH", i, 0, 1, 0) + b"version\r\n")
                answer = sock.recv(2000)
                while struct.unpack(">H", answer[:2])[0] != i:
                    answer = sock.recv(2000)
                break
            except (TimeoutError, ConnectionRefusedError):
                continue
        answers.append(answer[8:])
    return len(answers), len(set(answers))


if sys.argv[2:] == ["ready"]:
    Memcached().ask(b"version")
else:
    together(*[(sets_and_gets, n) for n in range(6)], (increments, 1), (increments, 2), (datagrams,))
