#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Configuration files: what a line may be, which file wins, and how slips are named.
# shellcheck source=tests/cli/common.bash
. "$(dirname "$0")/common.bash"

conf=$work/conf
gone="-t 99999999 -D $work/img"
with() { printf '%b' "$1" >"$conf"; }
# shellcheck disable=SC2086 # words on purpose
{
with '# a comment\n\n  tcp-established   # so is this\nghost-limit 3M\nlog-file = "a b"\n--shell-job\n'
expect 1 '^Error: there is no process 99999999$' dump $gone --config "$conf"
check "log-file = \"a b\" is one value" test -s "$work/img/a b"
with 'tree 99999998\nimages-dir="'"$work/img"'"\n'
expect 1 'no process 99999998' dump --config "$conf"
expect 1 'no process 99999999' dump --config="$conf" -t 99999999

with 'log-file "q\\"\\\\q"\n'
expect 1 'no process' dump $gone --config "$conf"
check 'quotes can be quoted' test -s "$work/img/q\"\\q"

with 'shell-job\nxyzzyx\n'
expect 2 "$conf line 2: unknown option --xyzzyx" dump $gone --config "$conf"
with 'leave-runing\n'
expect 2 "$conf line 1: .*did you mean --leave-running" dump $gone --config "$conf"
with 'log-file one two\n'
expect 2 "$conf line 1: \"log-file\" takes one value" dump $gone --config "$conf"
with 'log-file "one\n'
expect 2 "$conf line 1: \"log-file\" takes one value" dump $gone --config "$conf"
with 'log-file\n'
expect 2 "$conf line 1: --log-file needs a value" dump $gone --config "$conf"
with 'shell-job yes\n'
expect 2 "$conf line 1: --shell-job takes no value" dump $gone --config "$conf"
with 'config /x\n'
expect 2 "$conf line 1: --config=/x belongs on the command line" dump $gone --config "$conf"
with 'lazy-pages\n'
expect 3 "$conf line 1: --lazy-pages is refused" dump $gone --config "$conf"
expect 1 'no process' dump $gone --config "$conf" --no-lazy-pages
with 'lazy-pages\nno-lazy-pages\n'
expect 1 'no process' dump $gone --config "$conf"
# An option of another command is no business of this one.
with 'restore-detached\ninherit-fd x\n'
expect 1 '^Error: there is no process 99999999$' dump $gone --config "$conf"

expect 2 "no configuration file $work/none" dump $gone --config "$work/none"
expect 1 "cannot read the configuration file $work: Is a directory" dump $gone --config "$work"

# $HOME, the environment, --config, the command line: the last one wins.
mkdir "$HOME/.criu" "$HOME/.crctl"
echo 'tree 99999991' >"$HOME/.criu/default.conf"
expect 1 'no process 99999991' dump -D "$work/img"
echo 'tree 99999992' >"$HOME/.crctl/default.conf"
expect 1 'no process 99999992' dump -D "$work/img"
expect 2 'dump needs -t' dump -D "$work/img" --no-default-config
echo 'tree 99999993' >"$work/env"
export CRIU_CONFIG_FILE=$work/env
expect 1 'no process 99999993' dump -D "$work/img"
expect 1 'no process 99999993' dump -D "$work/img" --no-default-config
with 'tree 99999994\n'
expect 1 'no process 99999994' dump -D "$work/img" --config "$conf"
expect 1 'no process 99999995' dump -D "$work/img" --config "$conf" -t 99999995
export CRIU_CONFIG_FILE=$work/none
expect 2 "no configuration file $work/none" dump -D "$work/img"
}
finish
