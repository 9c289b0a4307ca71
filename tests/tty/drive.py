#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""drive.py CRCTL CASE: a person at a terminal, with a program that is dumped and restored.

Types, and reads what is shown. Run in PID and mount namespaces of its own, with a devpts
of its own, in an empty directory. Prints a sentence and ends with 1 when something is
not as a person would expect it.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

CRCTL = sys.argv[1]


class Terminal:
    """A terminal of some size, with a shell in it."""

    def __init__(self, rows, cols, argv=("bash", "--norc", "-i")):
        self.shown = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.closerange(3, 4096)
            os.environ.update(TERM="xterm", PS1="prompt> ", HISTFILE="")
            os.execvp(argv[0], argv)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            self.shown += os.read(self.fd, 65536)
        except OSError:
            return False
        return True

    def type(self, text):
        os.write(self.fd, text.encode())

    def expect(self, pattern, seconds=20):
        """Until @pattern is shown; what was shown up to there is forgotten."""
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern.encode(), self.shown, re.DOTALL)
            if found:
                self.shown = self.shown[found.end():]
                return
            if time.monotonic() > end:
                sys.exit(f"not shown within {seconds} s: {pattern}; but: {self.shown[-800:]!r}")
            self.read(0.1)

    def settle(self):
        """Until nothing more is shown."""
        while self.read(0.3):
            pass

    def run(self, command):
        self.type(command + "\r")

    def close(self):
        os.close(self.fd)
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def pid_of(name):
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/comm") as comm:
                if comm.read().strip() == name:
                    return int(entry)
        except OSError:
            pass
    sys.exit(f"no process {name} runs")
    return 0


def crctl(*args):
    done = subprocess.run([CRCTL, *args], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"crctl {' '.join(args)}: exit code {done.returncode}: {done.stderr}")


def dump(pid, *options):
    os.makedirs("img", exist_ok=True)
    crctl("dump", "-t", str(pid), "-D", "img", *options)


def restore_here(terminal):
    terminal.run(f"{CRCTL} restore -j -D img")


def case_vim():
    """Typed into on one terminal, and on in another one of another size."""
    first = Terminal(24, 80)
    first.expect("prompt> ")
    first.run("vim -u NONE -N text")
    first.expect(r"~.*~.*\[1;1H")
    first.type("ione two")
    first.settle()
    dump(pid_of("vim"), "-j")
    first.expect("Killed")
    first.close()
    second = Terminal(40, 100)
    second.expect("prompt> ")
    restore_here(second)
    second.expect(r"one two", 20)		# drawn again, for the other size
    second.type(" three\r\x1b:set lines? columns?\r")
    second.expect(r"lines=40.*columns=100")
    second.type("\r:wq\r")
    second.expect("prompt> ")
    with open("text") as text:
        if text.read() != "one two three\n\n":
            sys.exit("vim wrote another text")
    second.run("stty -a | grep -c ' echo '; echo do''ne")
    second.expect("1\r\ndone")
    second.close()


def case_top():
    first = Terminal(24, 80)
    first.expect("prompt> ")
    first.run("top -d 0.2")
    first.expect("load average")
    dump(pid_of("top"), "-j")
    first.close()
    second = Terminal(30, 90)
    second.expect("prompt> ")
    restore_here(second)
    for _ in range(3):
        second.expect("load average")
    second.type("\x1a")			# stops the job, and with it crctl
    second.expect("Stopped")
    second.expect("prompt> ")
    second.run("fg")
    second.expect("load average")
    second.type("\x03")			# a key that is a signal, to the group in front
    second.expect("prompt> ")
    second.run("echo al''ive")
    second.expect("alive")
    second.close()


def case_script():
    """A shell on a terminal of script(1), which is of the tree, with a job and half a line."""
    first = Terminal(24, 80)
    first.expect("prompt> ")
    first.run("script -q -c \"PS1='prompt> ' bash --norc -i\" /dev/null")
    first.expect("prompt> ")
    first.run("variable=kept; sleep 1000 &")
    first.expect("prompt> ")
    first.run("tty")
    first.expect("/dev/pts/1")
    first.type("echo $vari")
    first.settle()
    dump(pid_of("script"), "-j")
    first.close()
    second = Terminal(30, 90)
    second.expect("prompt> ")
    restore_here(second)
    second.type("able; jobs; tty\r")
    second.expect("kept.*Running.*sleep 1000.*/dev/pts/1.*prompt> ")
    second.run("fg")
    second.expect("sleep 1000")
    second.type("\x03")
    second.expect("prompt> ")
    second.run("exit")
    second.expect("exit.*prompt> ")
    second.close()


def case_tmux():
    """The server with its shells; a client looks at it after the restore."""
    os.environ.update(TMUX_TMPDIR=os.getcwd(), TERM="xterm", PS1="prompt> ", HISTFILE="")
    subprocess.run(["tmux", "-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24",
                    "bash --norc -i"], check=True)
    tell = ["tmux", "send-keys", "-t", "0:0.0"]
    subprocess.run([*tell, "variable=kept; sleep 1000 &", "Enter"], check=True)
    subprocess.run(["tmux", "new-window", "vim -u NONE -N text"], check=True)
    subprocess.run(["tmux", "send-keys", "-t", "0:1", "ione two"], check=True)
    subprocess.run([*tell, "echo $vari"], check=True)
    time.sleep(0.5)
    dump(pid_of("tmux: server"))
    crctl("restore", "-d", "-D", "img")
    subprocess.run([*tell, "able; jobs; fg", "Enter"], check=True)
    time.sleep(0.3)
    subprocess.run([*tell, "C-c"], check=True)
    subprocess.run([*tell, "echo al''ive", "Enter"], check=True)
    subprocess.run(["tmux", "send-keys", "-t", "0:1", " three", "Escape", ":wq", "Enter"],
                   check=True)
    client = Terminal(30, 90, ["tmux", "attach"])
    client.expect(r"kept.*Running.*sleep 1000.*alive")
    client.type("echo ty''ped\r")
    client.expect("typed")
    client.close()
    with open("text") as text:
        if text.read() != "one two three\n":
            sys.exit("vim wrote another text")
    subprocess.run(["tmux", "kill-server"], check=True)


globals()[f"case_{sys.argv[2]}"]()
