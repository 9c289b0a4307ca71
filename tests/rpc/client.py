#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""client.py CRCTL DIR: every request of the protocol, to `crctl swrk` and `crctl service`.

Runs as a process of a PID namespace of its own, with CRIU's Python package in PYTHONPATH.
"""
import os
import random
import signal
import socket
import subprocess
import sys
import time

import pycriu
from pycriu import images as images_of
from pycriu import rpc_pb2 as rpc

CRCTL, WORK = sys.argv[1], sys.argv[2]
failed = []
passed = 0
count = 0


def check(what, good, more=""):
    global passed
    if good:
        passed += 1
    else:
        failed.append(what)
        print(f"not so: {what} {more}")


class Swrk:
    """As runtimes do it: a socket pair, one end inherited by `crctl swrk FD`."""

    def __enter__(self):
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(60)
        os.set_inheritable(theirs.fileno(), True)
        self.proc = subprocess.Popen([CRCTL, "swrk", str(theirs.fileno())], close_fds=False,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
        theirs.close()
        return self

    def __exit__(self, *_):
        self.sock.close()
        self.code = self.proc.wait(60)


class Service:
    """A connection to `crctl service`."""
    path = os.path.join(WORK, "service.socket")
    server = None

    @classmethod
    def start(cls):
        cls.server = subprocess.Popen([CRCTL, "service", "--address", cls.path],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
        for _ in range(250):
            if os.path.exists(cls.path):
                return
            time.sleep(0.02)

    @classmethod
    def stop(cls):
        cls.server.send_signal(signal.SIGTERM)
        check("the service ends at SIGTERM", cls.server.wait(10) == 0)
        check("and takes its socket away", not os.path.exists(cls.path))

    def __enter__(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(60)
        self.sock.connect(self.path)
        return self

    def __exit__(self, *_):
        self.sock.close()


class Answer:
    """Sends a request, answers notifications, keeps what came."""

    def __init__(self, conn, req, refuse_at=None):
        self.notes = []
        conn.sock.send(req.SerializeToString())
        while True:
            data = conn.sock.recv(1 << 20)
            self.resp = rpc.criu_resp()
            self.closed = not data
            if self.closed:
                return
            self.resp.ParseFromString(data)
            if not self.resp.HasField("notify"):
                return
            self.notes.append((self.resp.notify.script, self.resp.notify.pid))
            back = rpc.criu_req(type=rpc.NOTIFY)
            back.notify_success = self.resp.notify.script != refuse_at
            conn.sock.send(back.SerializeToString())


def images():
    """A new directory and a descriptor of it."""
    global count
    count += 1
    path = os.path.join(WORK, f"rpc-img{count}")
    os.mkdir(path)
    return path, os.open(path, os.O_RDONLY | os.O_DIRECTORY)


def request(kind, fd=None, **fields):
    req = rpc.criu_req(type=kind)
    if fd is not None:
        req.opts.images_dir_fd = fd
        req.opts.log_file = "log"
    for name, value in fields.items():
        setattr(req.opts, name, value)
    return req


def last_line(path):
    with open(path, encoding="utf-8", errors="replace") as log:
        lines = log.read().splitlines()
    return lines[-1] if lines else ""


def sleeper():
    proc = subprocess.Popen(["sleep", "1000"], start_new_session=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while open(f"/proc/{proc.pid}/comm", encoding="ascii").read() != "sleep\n":
        time.sleep(0.01)
    return proc


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_simple(how):
    with how() as conn:
        answer = Answer(conn, request(rpc.VERSION)).resp
        check("VERSION", answer.success and answer.type == rpc.VERSION and
              answer.version.major_number >= 4, answer)
    with how() as conn:
        answer = Answer(conn, request(rpc.CHECK)).resp
        check("CHECK", answer.success and answer.type == rpc.CHECK, answer)
    with how() as conn:
        req = request(rpc.FEATURE_CHECK)
        req.features.mem_track = True
        req.features.lazy_pages = True
        req.keep_open = True
        answer = Answer(conn, req).resp
        check("FEATURE_CHECK", answer.success and answer.features.HasField("mem_track") and
              not answer.features.mem_track and not answer.features.lazy_pages and
              not answer.features.HasField("pidfd_store"), answer)
        check("keep_open", Answer(conn, request(rpc.VERSION)).resp.success)
        check("the end of the connection", conn.sock.recv(100) == b"")


def test_cpuinfo(how):
    path, fd = images()
    for kind, good in ((rpc.CPUINFO_CHECK, False), (rpc.CPUINFO_DUMP, True),
                       (rpc.CPUINFO_CHECK, True)):
        with how() as conn:
            answer = Answer(conn, request(kind, fd)).resp
            check(rpc.criu_req_type.Name(kind), answer.success == good and answer.type == kind and
                  (good or "cpuinfo.img" in answer.cr_errmsg), answer)
    os.close(fd)
    with open(path + "/cpuinfo.img", "rb") as file:
        entry = images_of.load(file)["entries"][0]["x86_entry"][0]
    with open("/proc/cpuinfo", encoding="utf-8") as text:
        info = dict(line.split(":", 1) for line in text.read().split("\n\n")[0].splitlines())
        info = {key.strip(): value.strip() for key, value in info.items()}
    check("the processor", entry["cpu_family"] == int(info["cpu family"]) and
          entry["model"] == int(info["model"]) and
          entry["stepping"] == int(info["stepping"]), (entry, info))


def test_refused(how):
    for kind in (rpc.PRE_DUMP, rpc.SINGLE_PRE_DUMP, rpc.PAGE_SERVER, rpc.PAGE_SERVER_CHLD):
        with how() as conn:
            answer = Answer(conn, request(kind)).resp
            name = rpc.criu_req_type.Name(kind)
            check(f"{name} is refused by name", not answer.success and answer.type == kind and
                  name in answer.cr_errmsg and answer.cr_errno == 95, answer)
    for kind in (rpc.EMPTY, rpc.NOTIFY):
        with how() as conn:
            answer = Answer(conn, request(kind)).resp
            check("no request", not answer.success and answer.cr_errmsg, answer)
    with how() as conn:
        answer = Answer(conn, request(rpc.DUMP)).resp
        check("DUMP without options", not answer.success and "options" in answer.cr_errmsg)
    with how() as conn:
        answer = Answer(conn, request(rpc.DUMP, 4242)).resp
        check("a directory that is none", not answer.success and "4242" in answer.cr_errmsg,
              answer)
    with how() as conn:
        path, fd = images()
        answer = Answer(conn, request(rpc.DUMP, fd, pid=99999, log_level=4)).resp
        check("a process that is none", not answer.success and "99999" in answer.cr_errmsg and
              answer.cr_errno == 3, answer)
        check("the log ends with the sentence", last_line(path + "/log").endswith(
            answer.cr_errmsg), last_line(path + "/log"))
        os.close(fd)
    with how() as conn:
        path, fd = images()
        answer = Answer(conn, request(rpc.RESTORE, fd)).resp
        check("an empty directory", not answer.success and "inventory" in answer.cr_errmsg)
        os.close(fd)


def test_dump(how, sibling):
    proc = sleeper()
    path, fd = images()
    with how() as conn:
        req = request(rpc.DUMP, fd, pid=proc.pid, notify_scripts=True, log_level=4,
                      leave_running=True, shell_job=False, tcp_established=False,
                      evasive_devices=True)
        answer = Answer(conn, req)
        check("DUMP and leave running", answer.resp.success and answer.resp.HasField("dump") and
              not answer.resp.dump.restored, answer.resp)
        check("its notifications", [n[0] for n in answer.notes] ==
              ["pre-dump", "query-ext-files", "post-dump"], answer.notes)
    check("it runs on", alive(proc.pid))
    path, fd = images()
    with how() as conn:
        req = request(rpc.DUMP, fd, pid=proc.pid, notify_scripts=True, log_level=4)
        answer = Answer(conn, req, refuse_at="post-dump").resp
        check("a notification refused", not answer.success and "post-dump" in answer.cr_errmsg)
        check("its log", last_line(path + "/log").endswith(answer.cr_errmsg))
    check("it runs on", alive(proc.pid))
    with how() as conn:
        work = os.path.join(WORK, f"work{count}")
        os.mkdir(work)
        work_fd = os.open(work, os.O_RDONLY)
        answer = Answer(conn, request(rpc.DUMP, fd, pid=proc.pid, work_dir_fd=work_fd)).resp
        check("DUMP", answer.success, answer)
        check("the log lies in the work directory", os.path.exists(work + "/log"))
        os.close(work_fd)
    check("it is gone", proc.wait(10) == -signal.SIGKILL)
    test_restore(how, sibling, path, fd, proc.pid)
    os.close(fd)


def test_restore(how, sibling, path, fd, pid):
    with how() as conn:
        req = request(rpc.RESTORE, fd, rst_sibling=sibling, notify_scripts=True)
        answer = Answer(conn, req, refuse_at="pre-resume").resp
        check("a restore refused", not answer.success and "pre-resume" in answer.cr_errmsg)
    check("leaves nothing", not alive(pid))
    if sibling:
        os.waitpid(pid, 0)      # what was ended was a child of this process
    with how() as conn:
        req = request(rpc.RESTORE, fd, rst_sibling=sibling, notify_scripts=True)
        req.keep_open = not sibling
        answer = Answer(conn, req)
        check("RESTORE", answer.resp.success and answer.resp.restore.pid == pid, answer.resp)
        check("its notifications", answer.notes == [
            ("pre-restore", 0), ("setup-namespaces", pid), ("post-setup-namespaces", pid),
            ("post-restore", pid), ("pre-resume", pid), ("post-resume", pid)], answer.notes)
        check("it runs", alive(pid))
        if sibling:
            os.kill(pid, signal.SIGTERM)
            check("it is our child", os.waitpid(pid, 0)[1] == signal.SIGTERM)
            return
        os.kill(pid, signal.SIGTERM)
        req = rpc.criu_req(type=rpc.WAIT_PID, pid=pid)
        req.keep_open = True
        answer = Answer(conn, req).resp
        check("WAIT_PID", answer.success and answer.status == signal.SIGTERM, answer)
        answer = Answer(conn, req).resp
        check("WAIT_PID of no child", not answer.success and str(pid) in answer.cr_errmsg, answer)


def test_options(how):
    """Options are refused as on the command line; the configuration file has the last word."""
    for fields, word in (({"track_mem": True}, "track-mem"), ({"tls": True}, "tls"),
                         ({"lazy_pages": True}, "lazy-pages")):
        path, fd = images()
        with how() as conn:
            answer = Answer(conn, request(rpc.DUMP, fd, pid=os.getpid(), **fields)).resp
            check(f"--{word} is refused", not answer.success and word in answer.cr_errmsg, answer)
            check("in the log", word in last_line(path + "/log"))
        os.close(fd)
    path, fd = images()
    with open(path + ".conf", "w", encoding="ascii") as conf:
        conf.write("log-file other-log\nverbosity 4\naction-script /bin/false\n")
    proc = sleeper()
    with how() as conn:
        answer = Answer(conn, request(rpc.DUMP, fd, pid=proc.pid,
                                      config_file=path + ".conf")).resp
        check("a script of the configuration", not answer.success and
              "/bin/false" in answer.cr_errmsg, answer)
        check("the log of the configuration", os.path.exists(path + "/other-log") and
              not os.path.exists(path + "/log"))
    with how() as conn:
        req = request(rpc.DUMP, fd, pid=proc.pid, leave_running=True, config_file="/no/such/file")
        check("no configuration file", Answer(conn, req).resp.success)
    proc.kill()
    proc.wait()
    os.close(fd)


def test_exec(how):
    proc = sleeper()
    path, fd = images()
    with how() as conn:
        check("DUMP", Answer(conn, request(rpc.DUMP, fd, pid=proc.pid)).resp.success)
    proc.wait()
    with how() as conn:
        req = request(rpc.RESTORE, fd)
        req.opts.exec_cmd.extend(["touch", path + "/executed"])
        check("RESTORE with a command", Answer(conn, req).resp.success)
        for _ in range(100):
            if os.path.exists(path + "/executed"):
                break
            time.sleep(0.02)
        check("the command ran", os.path.exists(path + "/executed"))
    os.kill(proc.pid, signal.SIGKILL)
    os.close(fd)


SELF = """
import os, socket, sys
from pycriu import rpc_pb2 as rpc
address, path = sys.argv[1:]
sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
sock.connect(address)
req = rpc.criu_req(type=rpc.DUMP)
req.opts.images_dir_fd = os.open(path, os.O_RDONLY)
req.opts.log_file = "log"
sock.send(req.SerializeToString())
resp = rpc.criu_resp()
resp.ParseFromString(sock.recv(4096))
with open(path + "/result", "w") as out:
    print(resp.success, resp.dump.restored, repr(resp.cr_errmsg), sock.recv(10), file=out)
"""


def test_self():
    """A client that names no process is dumped itself, and learns that it was restored."""
    path, fd = images()
    with subprocess.Popen([sys.executable, "-W", "ignore", "-c", SELF, Service.path, path],
                          start_new_session=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as proc:
        check("a client that is dumped itself is gone", proc.wait(60) == -signal.SIGKILL)
    with Service() as conn:
        answer = Answer(conn, request(rpc.RESTORE, fd)).resp
        check("RESTORE of the client", answer.success, answer)
    for _ in range(500):
        if os.path.exists(path + "/result") and os.path.getsize(path + "/result"):
            break
        time.sleep(0.02)
    try:
        with open(path + "/result", encoding="ascii") as file:
            result = file.read()
    except FileNotFoundError:
        result = last_line(path + "/log")
    check("it learns that it was restored", result == "True True '' b''\n", result)
    os.close(fd)


def test_library():
    """CRIU's own Python library, with crctl in the place of criu; it closes 0, 1 and 2."""
    for use in ("use_binary", "use_sk"):
        proc = sleeper()
        path, fd = images()
        criu = pycriu.criu()
        getattr(criu, use)(CRCTL if use == "use_binary" else Service.path)
        criu.opts.images_dir_fd = fd
        criu.opts.work_dir_fd = fd
        criu.check()
        criu.opts.pid = proc.pid
        check(f"dump() of the library, {use}", not criu.dump().restored)
        proc.wait()
        check("the log is called criu.log", os.path.exists(path + "/criu.log"))
        check("restore() of the library", criu.restore().pid == proc.pid and alive(proc.pid))
        os.kill(proc.pid, signal.SIGKILL)
        criu.opts.pid = 99999
        try:
            criu.dump()
            check("an exception", False)
        except pycriu.CRIUExceptionExternal as error:
            check("an exception", error.errno == 3, error)
        os.close(fd)


def test_hostile(how, rounds):
    """Whatever comes in, crctl answers or hangs up, and never crashes."""
    rng = random.Random(1)
    path, fd = images()
    good = request(rpc.DUMP, fd, pid=1, log_level=0).SerializeToString()
    packets = [b"\0", b"\xff" * 64, b"x" * 70000, b"\x08", good[:-3], good + b"\x08",
               b"\x08\x01\x12\xff\xff\xff\xff\x0f", bytes(2_000_000)]
    for _ in range(rounds):
        data = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        packets.append(bytes(data))
    for data in packets:
        with how() as conn:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
            try:
                conn.sock.send(data)
            except OSError:     # longer than the kernel takes
                continue
            try:
                answer = conn.sock.recv(1 << 20)
            except ConnectionResetError:
                answer = b""
            resp = rpc.criu_resp()
            resp.ParseFromString(answer)
            check("an answer that refuses", answer and (resp.success or resp.cr_errmsg), data[:80])
        if how is Swrk:
            check("no crash", conn.code >= 0, (conn.code, data[:80]))
    # a client that goes away in the middle of a dump
    proc = sleeper()
    with how() as conn:
        conn.sock.send(request(rpc.DUMP, fd, pid=proc.pid, notify_scripts=True).SerializeToString())
        conn.sock.recv(1 << 20)
    time.sleep(0.2)
    with how() as conn:
        req = request(rpc.DUMP, fd, pid=proc.pid, leave_running=True)
        check("what a lost client left is dumped again", Answer(conn, req).resp.success)
    check("it runs on", alive(proc.pid))
    proc.kill()
    proc.wait()
    os.close(fd)


def main():
    # what a service restores and what outlives it comes to this process
    Service.start()
    for how in (Swrk, Service):
        test_simple(how)
        test_cpuinfo(how)
        test_refused(how)
        test_dump(how, sibling=False)
        test_options(how)
        test_exec(how)
        test_hostile(how, int(os.environ.get("RPC_ROUNDS", "40")))
    test_dump(Swrk, sibling=True)
    test_library()
    test_self()
    path, fd = images()
    with Service() as conn:
        answer = Answer(conn, request(rpc.RESTORE, fd, rst_sibling=True)).resp
        check("a service has no siblings", "rst_sibling" in answer.cr_errmsg, answer)
    Service.stop()
    print(f"{passed} passed, {len(failed)} failed, 0 skipped")
    sys.exit(1 if failed else 0)


main()
