#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A Unix socket whose other end is outside of the tree: refused, naming who has it, or found
# again by its name where --external or --ext-unix-sk allow it.
# shellcheck source=tests/cli/namespace.bash
. "$(dirname "$0")/namespace.bash"
# shellcheck source=tests/cli/common.bash
. "$(dirname "$0")/common.bash"

cat > "$work/server.py" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind(sys.argv[1] + "/log")
	while True:
	    with open(sys.argv[1] + "/got", "ab", 0) as f:
	        f.write(s.recv(100) + b"\n")
END
cat > "$work/client.py" <<-'END'
	import os, signal, socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.connect(sys.argv[1] + "/log")
	signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
	s.send(b"hello")
	while True:
	    signal.sigwait([signal.SIGUSR1])
	    s.send(b"again")
END
await() { for _ in $(seq 500); do [ -e "$1" ] && return; sleep 0.02; done; echo "no $1"; exit 1; }
lines() { # how many, of which text
	for _ in $(seq 250); do
		[ "$(grep -c "$2" "$work/got")" = "$1" ] && return
		sleep 0.02
	done
	return 1
}

start python3 "$work/server.py" "$work"
server=$pid
await "$work/log"
start setsid python3 "$work/client.py" "$work"
await "$work/got"
lines 1 hello
inode() { sed -n "s|^.* \([0-9]*\) $work/log\$|\1|p" /proc/net/unix; }

next_img
expect 3 "is held by pid $server \(python3\), which is outside the tree" dump -t "$pid" -D "$img"
kill -USR1 "$pid"
check "the tree goes on after the refusal" lines 1 again
expect 3 "outside the tree" dump -t "$pid" -D "$img" --external 'unix[1]'
expect 2 "inode" dump -t "$pid" -D "$img" -xx
expect 0 '' dump -t "$pid" -D "$img" --external "unix[$(inode)]"
check "it is gone" becomes "$pid" gone
expect 0 '' restore -d -D "$img"
kill -USR1 "$pid"
check "it has found the server again" lines 2 again

next_img
expect 0 '' dump -t "$pid" -D "$img" -x
check "it is gone again" becomes "$pid" gone
kill -KILL "$server"
becomes "$server" gone
expect 1 "connecting again to $work/log, which is outside of the tree" restore -d -D "$img"
check "nothing is left of it" becomes "$pid" gone
finish
