#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Images go both ways: every test program is dumped by crctl and restored by
# CRIU, then dumped by CRIU and restored by crctl. Writes the list, with the
# reason where something differs, to $B/tests/interop.tsv. crit decodes every
# image that crctl wrote.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}

criu=$(bash tests/criu.sh)/criu || exit 77
mapfile -t programs < <(find "$B/tests/kinds" -type f -executable ! -name run | sort)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# direction NAME DUMPER RESTORER: the harness's lines, `result program reason`, in $work/NAME
direction() {
	DUMP_TOOL=$2 RESTORE_TOOL=$3 "$B/tests/kinds/run" -v -m restored "${programs[@]}" \
		> "$work/$1.log"
	local ret=$?
	sed -nE 's/^(ok|known|skip|FAIL) +([a-z0-9_]+) restored:? ?(.*)/\1\t\2\t\3/p' "$work/$1.log" |
		sed 's/\t([0-9]* ms)$/\t/' | sort -k2,2 > "$work/$1"
	grep -A9 '^FAIL' "$work/$1.log" | grep -E '^(FAIL|    )' | sed "s/^FAIL/FAIL $1:/"
	return $ret
}

# crctl, keeping a copy of what it dumped; the images are the harness's third word.
mkdir "$work/images"
cat > "$work/crctl" <<-END
	#!/bin/sh
	$(realpath "$B/crctl") "\$@" || exit \$?
	copy=\$(mktemp -d "$work/images/XXXXXX") && cp "\$3"/*.img "\$3"/stats-* "\$copy"
END
chmod +x "$work/crctl"

crit_decodes()
{
	PYTHONPATH=${criu%/criu}/root/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1 \
		PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=python \
		python3 -W ignore tests/interop/decode.py "$work/images"
}

failed=0
direction "crctl to CRIU" "$work/crctl" "$criu" || failed=1
crit_decodes || failed=1
direction "CRIU to crctl" "$criu" "$B/crctl" || failed=1
{
	printf 'program\tcrctl to CRIU\tCRIU to crctl\treason\n'
	join -t $'\t' -1 2 -2 2 -o 0,1.1,2.1,1.3,2.3 "$work/crctl to CRIU" "$work/CRIU to crctl" |
		awk -F '\t' -v OFS='\t' '{ print $1, $2, $3, $4 != "" ? $4 : $5 }' | sed 's/known/no/g'
} > "$B/tests/interop.tsv"
both=$(awk -F '\t' '$2 == "ok" && $3 == "ok"' "$B/tests/interop.tsv" | wc -l)
total=$(awk -F '\t' 'NR > 1 && $2 != "skip"' "$B/tests/interop.tsv" | wc -l)
echo "interop: $both of $total programs both ways, see $B/tests/interop.tsv"
awk -F '\t' 'NR > 1 && ($2 == "no" || $3 == "no") { print "  " $1 ": " $4 }' "$B/tests/interop.tsv"
exit $failed
