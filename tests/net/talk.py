# SPDX-License-Identifier: GPL-2.0
# Both sides of the connections that tests/net/run.sh dumps and restores.
#   talk.py server ADDR...         echoes, streams numbers, and never notices anything
#   talk.py client ADDR... DIR     checks both until DIR/stop exists; leaves DIR/result
#   talk.py closing ADDR DIR       in three stages of closing with the peer
#   talk.py peer ADDR DIR          the other side of that
import os
import selectors
import socket
import struct
import sys
import time

PORT = 7777


def family(addr):
    return socket.AF_INET6 if ':' in addr else socket.AF_INET


def listen(addr, port=PORT):
    s = socket.socket(family(addr), socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((addr, port))
    s.listen(100)
    return s


def server(addrs):
    sel = selectors.DefaultSelector()
    for addr in addrs:
        sel.register(listen(addr), selectors.EVENT_READ, 'listener')
    streams = []
    print('ready', flush=True)
    while True:
        for key, _ in sel.select(0.01):
            if key.data == 'listener':
                conn, _ = key.fileobj.accept()
                conn.setblocking(False)
                sel.register(conn, selectors.EVENT_READ, 'new')
                continue
            try:
                data = key.fileobj.recv(65536)
            except BlockingIOError:
                continue
            except ConnectionResetError:
                data = b''
            if not data:
                sel.unregister(key.fileobj)
                key.fileobj.close()
                streams = [s for s in streams if s[0] is not key.fileobj]
            elif key.data == 'new' and data == b'stream':
                sel.modify(key.fileobj, selectors.EVENT_READ, 'stream')
                streams.append([key.fileobj, 0, b''])
            else:
                sel.modify(key.fileobj, selectors.EVENT_READ, 'echo')
                key.fileobj.setblocking(True)
                key.fileobj.sendall(data)
                key.fileobj.setblocking(False)
        for s in streams:
            try:
                while True:
                    if len(s[2]) < 4096:
                        s[2] += b''.join(struct.pack('>I', s[1] + i) for i in range(4096))
                        s[1] += 4096
                    s[2] = s[2][s[0].send(s[2]):]
            except (BlockingIOError, ConnectionResetError):
                pass


class Stream:
    def __init__(self, addr):
        self.sock = socket.create_connection((addr, PORT), 30)
        self.sock.sendall(b'stream')
        self.rest, self.next = b'', 0

    def step(self):
        self.rest += self.sock.recv(30000)
        nr = len(self.rest) // 4
        got = struct.unpack('>%dI' % nr, self.rest[:nr * 4])
        assert got == tuple(range(self.next, self.next + nr)), 'the stream has a hole'
        self.rest, self.next = self.rest[nr * 4:], self.next + nr


class Echo:
    def __init__(self, addr):
        self.sock = socket.create_connection((addr, PORT), 30)
        self.nr = 0

    def step(self):
        line = b'%d %s\n' % (self.nr, b'x' * (self.nr * 37 % 5000))
        self.nr += 1
        self.sock.sendall(line)
        got = b''
        while len(got) < len(line):
            data = self.sock.recv(65536)
            assert data, 'the connection was closed'
            got += data
        assert got == line, 'another echo'


def client(addrs, path):
    talks = [Talk(addr) for addr in addrs for Talk in (Stream, Echo)]
    steps, longest = 0, 0
    with open(path + '/started', 'w'):
        pass
    try:
        while not os.path.exists(path + '/stop'):
            then = time.monotonic()
            for t in talks:
                t.step()
            steps += 1
            longest = max(longest, time.monotonic() - then)
            with open(path + '/steps.new', 'w') as f:
                f.write('%d' % steps)
            os.rename(path + '/steps.new', path + '/steps')
        result = 'ok %d steps, the longest took %d ms' % (steps, longest * 1000)
    except Exception as e:
        result = 'failed after %d steps: %r' % (steps, e)
    with open(path + '/result', 'w') as f:
        f.write(result + '\n')


def await_file(path):
    end = time.monotonic() + 60
    while not os.path.exists(path):
        assert time.monotonic() < end, path
        time.sleep(0.02)


def state(sock):
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


def await_state(sock, want):
    end = time.monotonic() + 30
    while state(sock) != want:
        assert time.monotonic() < end, 'state %d, not %d' % (state(sock), want)
        time.sleep(0.02)


# FIN_WAIT1, LAST_ACK and CLOSING: the peer's answers are wanted, but nothing gets to it.
def closing(addr, path):
    names = ('fin_wait1', 'last_ack', 'closing')
    conns = {name: socket.create_connection((addr, PORT), 30) for name in names}
    for name, conn in conns.items():
        conn.sendall(name.encode())
        assert conn.recv(100) == b'hello'
    await_state(conns['last_ack'], 8)
    open(path + '/cut', 'w').close()
    await_file(path + '/is_cut')
    for conn in conns.values():
        conn.sendall(b'last words')
        conn.shutdown(socket.SHUT_WR)
    open(path + '/shut', 'w').close()
    await_state(conns['closing'], 11)
    want = {'fin_wait1': 4, 'last_ack': 9, 'closing': 11}
    for name, conn in conns.items():
        await_state(conn, want[name])
    open(path + '/ready', 'w').close()
    await_file(path + '/go')
    for name, conn in conns.items():
        assert state(conn) == want[name] or os.path.exists(path + '/whole'), \
            '%s is in state %d' % (name, state(conn))
    open(path + '/whole', 'w').close()
    await_file(path + '/is_whole')
    await_state(conns['fin_wait1'], 5)
    await_state(conns['last_ack'], 7)
    await_state(conns['closing'], 7)
    open(path + '/verdict', 'w').close()


def peer(addr, path):
    listener = listen(addr)
    print('ready', flush=True)
    conns = {}
    for _ in range(3):
        conn, _ = listener.accept()
        conns[conn.recv(100)] = conn
        conn.sendall(b'hello')
    conns[b'last_ack'].shutdown(socket.SHUT_WR)
    await_file(path + '/shut')
    conns[b'closing'].shutdown(socket.SHUT_WR)
    for name, conn in conns.items():
        conn.settimeout(60)
        assert conn.recv(100) == b'last words', name
        assert conn.recv(100) == b'', name
    open(path + '/peer_ok', 'w').close()
    await_file(path + '/verdict')


command, args = sys.argv[1], sys.argv[2:]
if command == 'server':
    server(args)
elif command == 'client':
    client(args[:-1], args[-1])
else:
    {'closing': closing, 'peer': peer}[command](*args)
