#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # cycle.sh has them
# A tmux server with vim in it; a person types, the file counts.
needs="tmux vim"
options="--file-locks"
settled() { sleep 0.3; }

serve() { export TERM=screen HOME=$w; : > empty; exec tmux -D -S "$w/socket" -f "$w/empty"; }
tm() { TERM=screen tmux -S "$w/socket" "$@" < /dev/null; }

ready() { [ -S "$w/socket" ]; }

# A server in the middle of a dump does not answer: its name is there, but nobody listens.
say() { until tm "$@" 2> /dev/null; do sleep 0.1; done; }

work()
{
	say new-session -d -x 80 -y 24 -s main "vim -N -u NONE -i NONE $w/text"
	sleep 1
	say send-keys -t main i
	for i in $(seq 60); do
		say send-keys -t main -l "line $i of the text"
		say send-keys -t main Enter
		sleep 0.03
	done
	say send-keys -t main Escape
	say send-keys -t main -l ":wq"
	say send-keys -t main Enter
	until [ -s "$w/text" ]; do sleep 0.1; done
	sleep 0.5
	wc -l < "$w/text"; sort -u "$w/text" | wc -l; sha256sum < "$w/text"
}

finish() { kill -TERM "$pid"; }
