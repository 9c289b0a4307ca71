#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Damaged images: whatever is wrong with them, `crctl show` and `crctl restore` say so in a
# sentence that names the file, or do their work; they never crash, hang or leave anything.
#
# FUZZ_SEEDS   how many damages (default 60), FUZZ_FIRST the first seed
# FUZZ_IMAGES  a directory of images to use instead of dumping tests/fuzz/victim.c
# FUZZ_WRAP    put before crctl: "valgrind -q --error-exitcode=99"
# B            the build: build, or build/san after make SAN=1
set -u

B=$(realpath "${B:-build}")
seeds=${FUZZ_SEEDS:-60}
first=${FUZZ_FIRST:-0}
crctl=$B/crctl
names='([a-z]+(-[a-z]+)*(-[0-9a-f]+)?\.img|crctl-[0-9]+|stats-dump)'
export ASAN_OPTIONS=exitcode=99:detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:exitcode=99

# What a run's exit code and output, in the file $2, have wrong; nothing when all is well.
complaint() {
	local code=$1 sentence
	[ "$code" = 0 ] && return
	case $code in
	124|137) echo "hangs"; return ;;
	99) echo "memory error"; return ;;
	esac
	[ "$code" -ge 126 ] && { echo "exit code $code"; return; }
	sentence=$(tail -n 1 "$2")
	[[ $sentence =~ $names ]] || [[ $sentence =~ (^|[ \"])/ ]] || [[ $sentence =~ pid\ [0-9]+ ]] ||
		echo "the sentence names no file"
}

# Processes of this PID namespace but for this shell.
others() {
	local stat pid state
	for stat in /proc/[0-9]*/stat; do
		pid=${stat#/proc/}
		pid=${pid%/stat}
		[ "$pid" = 1 ] || [ "$pid" = "$BASHPID" ] && continue
		state=$(sed 's/.*) //' "$stat" 2>/dev/null | cut -c1)
		case $state in ''|Z|X) ;; *) echo "$pid" ;; esac
	done
}

# As PID 1 of a namespace of its own, so that every PID is free and nothing gets away.
restore_one() {
	local dir=$1 work=$2 out=$3 before code left
	before=$(ls -A "$work"; wc -l </proc/self/mountinfo)
	# shellcheck disable=SC2086 # words on purpose
	timeout -k 5 30 ${FUZZ_WRAP:-} "$crctl" restore -d -D "$dir" -W "$work" >"$out" 2>&1 </dev/null
	code=$?
	complaint "$code" "$out"
	left=$(others)
	[ "$code" != 0 ] && [ -n "$left" ] && echo "exit code $code, but processes are left: $left"
	[ -n "$left" ] && kill -9 -1
	rm -f "$work"/stats-restore
	[ "$before" = "$(ls -A "$work"; wc -l </proc/self/mountinfo)" ] ||
		echo "files or mounts are left: $(ls -A "$work")"
	[ "$code" = 0 ] && echo accepted
}

if [ "${1:-}" = --restore-one ]; then
	restore_one "$2" "$3" "$4"
	exit 0
fi

failures=0
bad() {
	failures=$((failures + 1))
	echo "seed $1: $2: $3"
	sed 's/^/    /' "$tmp/out" | tail -n 3
}

tmp=$(mktemp -d) || exit 1
mkdir "$tmp/work"
victim=
cleanup() {
	[ -n "$victim" ] && kill -9 -- "-$victim" 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT

"$B/tests/fuzz/readers" "$first" "$seeds" || { echo "the readers fail"; exit 1; }

images=${FUZZ_IMAGES:-$tmp/images}
if [ -z "${FUZZ_IMAGES:-}" ]; then
	[ -x "$crctl" ] || { echo "no $crctl yet"; exit 77; }
	[ "$(id -u)" = 0 ] || { echo "dumping needs root"; exit 77; }
	mkdir "$images"
	setsid "$B/tests/fuzz/victim" "$tmp/work" >"$tmp/victim" 2>&1 </dev/null &
	victim=$!
	disown "$victim"
	for _ in $(seq 100); do
		grep -q ready "$tmp/victim" && break
		sleep 0.05
	done
	"$crctl" dump -t "$victim" -D "$images" >"$tmp/out" 2>&1 ||
		{ echo "the victim is not dumped"; cat "$tmp/out"; exit 1; }
	victim=
fi
[ -z "${FUZZ_WRAP:-}" ] || "$B/tests/fuzz/readers" "$first" "$seeds" "$images" || exit 1

restores=0 accepted=0 no_restore=
"$crctl" restore --help >/dev/null 2>&1 || no_restore="no crctl restore yet"
[ -n "${FUZZ_IMAGES:-}" ] && no_restore="the images are of another run"
unshare -fpm --mount-proc true 2>/dev/null || no_restore="no namespaces here"

for ((seed = first; seed < first + seeds; seed++)); do
	rm -rf "$tmp/dir"
	damage=$("$B/tests/fuzz/corrupt" "$images" "$tmp/dir" "$seed") || exit 1
	for way in "" --json; do
		# shellcheck disable=SC2086 # words on purpose
		timeout -k 5 30 ${FUZZ_WRAP:-} "$crctl" show $way "$tmp/dir" >/dev/null 2>"$tmp/out"
		why=$(complaint $? "$tmp/out")
		[ -n "$why" ] && bad "$seed" "show $way after $damage" "$why"
	done
	[ -n "$no_restore" ] && continue
	why=$(B=$B unshare -fpm --mount-proc --kill-child \
		bash "$0" --restore-one "$tmp/dir" "$tmp/work" "$tmp/out")
	restores=$((restores + 1))
	[ "$why" = accepted ] && accepted=$((accepted + 1)) && continue
	[ -n "$why" ] && bad "$seed" "restore after $damage" "$why"
done

echo "$seeds damages: $failures bad, $restores restores, $accepted of them went through" \
	"${no_restore:+($no_restore)}"
[ "$failures" = 0 ]
