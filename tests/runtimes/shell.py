# SPDX-License-Identifier: GPL-2.0
# shell.py DIR RUNC...: runs a container in the foreground on a terminal, checkpoints it with
# --shell-job and restores it on another terminal; its numbers must go on.
import os, pty, select, subprocess, sys, time

d, runc = sys.argv[1], sys.argv[2:]


def on_terminal(args):
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(d)
        os.execvp(runc[0], runc + args)
    return pid, master


def numbers(master, count):
    text, end = b"", time.time() + 10
    while time.time() < end:
        if select.select([master], [], [], 0.2)[0]:
            try:
                text += os.read(master, 4096)
            except OSError:
                break
        lines = [l for l in text.decode().split("\n")[:-1] if l.strip()]
        if len(lines) >= count:
            return [int(l.split()[0]) for l in lines]
    sys.exit("no numbers: %r" % text)


pid, master = on_terminal(["run", "shell"])
first = numbers(master, 3)
images = ["--image-path", d + "/images", "--work-path", d + "/images"]
os.makedirs(d + "/images", exist_ok=True)
subprocess.run(runc + ["checkpoint", "--shell-job"] + images + ["shell"], check=True,
               stdin=subprocess.DEVNULL, timeout=60)
pid, master = on_terminal(["restore", "--shell-job"] + images + ["shell"])
second = numbers(master, 3)
if second[0] < first[-1] or second[0] > first[-1] + 20 or second != list(range(second[0], second[0] + len(second))):
    sys.exit("%s after %s" % (second, first))
subprocess.run(runc + ["kill", "shell", "KILL"], timeout=20)
