# SPDX-License-Identifier: GPL-2.0
import sys

from talk import connect, digest, steps, together

ADDR, PORT = sys.argv[1], 6379


class Redis:
    def __init__(self):
        self.sock = connect(ADDR, PORT)
        self.file = self.sock.makefile("rb")

    def send(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.sock.sendall(b"*%d\r\n" % len(words)
                          + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))

    def answer(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if not line or kind == b"-":
            raise ConnectionError(line)
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.answer() for _ in range(int(rest))]
        return int(rest) if kind == b":" else rest

    def ask(self, *words):
        self.send(*words)
        return self.answer()


def blocked_reader():
    """Waits nearly always, as the writer of its list is slow."""
    redis, got = Redis(), []
    for _ in range(60):
        got.append(redis.ask("BLPOP", "queue", 0)[1])
    return got == [b"item %d" % i for i in range(60)], len(got)


def slow_writer():
    redis = Redis()
    return [redis.ask("RPUSH", "queue", f"item {i}") > 0 for i in steps(60)].count(True)


def pipelined_writer():
    redis, answers = Redis(), []
    for i in steps(100):
        for n in range(50):
            redis.send("INCRBY", "sum", i * n)
            redis.send("SET", f"key {i} {n}", b"%d " % n * (n * 20))
        answers += [redis.answer() for _ in range(100)]
    return redis.ask("GET", "sum"), redis.ask("DBSIZE") >= 5000, digest(repr(answers).encode())


def subscriber():
    redis, got = Redis(), []
    redis.send("SUBSCRIBE", "news")
    redis.answer()
    while not got or got[-1] != b"end":
        got.append(redis.answer()[2])
    return digest(b"".join(got)), len(got)


def publisher():
    redis = Redis()
    while redis.ask("PUBLISH", "news", "begin") == 0:
        pass
    for i in steps(200):
        redis.ask("PUBLISH", "news", i)
    return redis.ask("PUBLISH", "news", "end")


def transaction():
    redis = Redis()
    redis.ask("SELECT", 1)
    total = 0
    for i in steps(50):
        redis.ask("WATCH", "counter")
        redis.ask("MULTI")
        redis.ask("INCR", "counter")
        redis.ask("EXPIRE", "counter", 1000)
        total += redis.ask("EXEC")[0]
    return total


together((blocked_reader,), (slow_writer,), (pipelined_writer,), (subscriber,), (publisher,),
         (transaction,))
