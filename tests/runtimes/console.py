# SPDX-License-Identifier: GPL-2.0
# console.py DIR: takes masters of terminals on DIR/socket; what they say goes to DIR/output,
# what comes through the fifo DIR/in is typed into the last one.
import os, select, socket, sys, termios, fcntl, struct

d = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(d + "/socket.new")
listener.listen(4)
os.mkfifo(d + "/in")
typed = os.open(d + "/in", os.O_RDWR | os.O_NONBLOCK)
os.rename(d + "/socket.new", d + "/socket")
out = open(d + "/output", "ab", 0)
master = None
while True:
    ready, _, _ = select.select([listener, typed] + ([master] if master is not None else []), [], [])
    if listener in ready:
        conn, _ = listener.accept()
        _, fds, _, _ = socket.recv_fds(conn, 4096, 4)
        conn.close()
        if fds:
            if master is None:
                fcntl.ioctl(fds[0], termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            master = fds[0]
        continue
    if typed in ready:
        os.write(master, os.read(typed, 4096))
    if master in ready:
        try:
            data = os.read(master, 4096)
        except OSError:
            data = b""
        if data:
            out.write(data)
        else:
            os.close(master)
            master = -1
            # the next one comes by the socket
            conn, _ = listener.accept()
            _, fds, _, _ = socket.recv_fds(conn, 4096, 4)
            conn.close()
            master = fds[0]
