#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What restore does besides restoring: waiting, siblings, commands, pidfiles, scripts; and
# what it says of a directory that holds no checkpoint or of a PID that is taken.
# shellcheck source=tests/cli/namespace.bash
. "$(dirname "$0")/namespace.bash"
# shellcheck source=tests/cli/common.bash
. "$(dirname "$0")/common.bash"

start_sleeper; next_img
expect 0 '' dump -t "$pid" -D "$img"
check "the PID is free" becomes "$pid" gone

end() { kill -KILL "$pid" 2>/dev/null; becomes "$pid" gone; }
ppid_of() { sed -n 's/^PPid:\t//p' "/proc/$1/status"; }

expect 0 '' restore -D "$img" -d
check "-d: it runs" becomes "$pid" S
expect 1 "$pid.*(in use|taken|exists)" restore -D "$img" -d
check "the process that holds the PID is not harmed" becomes "$pid" S
end

# Without -d crctl waits for the end.
"$crctl" restore -D "$img" >"$out" 2>&1 </dev/null & tool=$!
check "without -d: it runs" becomes "$pid" S
check "its parent is crctl" test "$(ppid_of "$pid")" = $tool
check "crctl waits" test -d /proc/$tool
kill -KILL "$pid"
wait $tool
check "crctl exits with 0 when the tree has ended" test $? = 0
end

# -S: the restored process is a child of whoever started crctl.
expect 0 '' restore -D "$img" -d -S
check "-S: its parent is this shell" test "$(ppid_of "$pid")" = $$
end

# -s
expect 0 '' restore -D "$img" -d -s
check "-s leaves it stopped" becomes "$pid" T
kill -CONT "$pid"
check "SIGCONT lets it go on" becomes "$pid" S
end

# --exec-cmd
expect 0 '^it runs: sleep$' restore -D "$img" --exec-cmd -- sh -c "echo it runs: \$(cat /proc/$pid/comm)"
check "the tree outlives the command" becomes "$pid" S
end
expect 1 'no-such-command cannot be started' restore -D "$img" --exec-cmd -- no-such-command
end

# --pidfile, relative to -W; never over a file that is there.
mkdir "$work/w"
expect 0 '' restore -D "$img" -W "$work/w" -d --pidfile pid
check "the pidfile has the PID" test "$(cat "$work/w/pid")" = "$pid"
end
expect 1 'pid.*exists' restore -D "$img" -W "$work/w" -d --pidfile pid
check "nothing was made" becomes "$pid" gone

# The action script.
cat >"$work/script" <<-'END'
	#!/bin/sh
	echo "$CRTOOLS_SCRIPT_ACTION ${CRTOOLS_INIT_PID:+pid}" >>"$SCRIPT_LOG"
	[ "$CRTOOLS_SCRIPT_ACTION" != "${SCRIPT_FAILS:-}" ]
END
chmod +x "$work/script"
export SCRIPT_LOG=$work/script-log
expect 0 '' restore -D "$img" -d --action-script "$work/script"
for action in pre-restore 'post-restore pid' 'pre-resume pid' 'post-resume pid'; do
	check "the script saw $action" grep -q "^$action" "$SCRIPT_LOG"
done
end
for action in pre-restore post-restore pre-resume; do
	SCRIPT_FAILS=$action expect 1 "script .* $action" restore -D "$img" -d --action-script "$work/script"
	check "a script that fails at $action leaves nothing" becomes "$pid" gone
done

expect 0 '^restore: .* ms' restore -D "$img" -d --display-stats
end

# What is no checkpoint.
mkdir "$work/empty"
expect 1 'inventory.img' restore -D "$work/empty"
cp -r "$img" "$work/cut"; rm "$work/cut/inventory.img"
expect 1 'inventory.img' restore -D "$work/cut"
cp -r "$img" "$work/short"; truncate -s 9 "$work/short/pstree.img"
expect 1 'pstree.img' restore -D "$work/short"
check "no part of it was made" becomes "$pid" gone
finish
