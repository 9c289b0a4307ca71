#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # cycle.sh has them
# git gc of a repository with some thousand objects.
needs="git"
options="--link-remap --file-locks"
settled() { sleep 0.3; }

prepare()
{
	export HOME=$w GIT_CONFIG_NOSYSTEM=1
	git init -q r && cd r || return 1
	python3 - <<-'END' | git fast-import --quiet
		import random
		r = random.Random(3)
		lines = ["%d" % r.getrandbits(300) for _ in range(400)]
		for c in range(900):
		    lines[r.randrange(400)] = "%d" % r.getrandbits(300)
		    data = "\n".join(lines)
		    print(f"commit refs/heads/main\ncommitter a <a@b> {1000000000 + c} +0000\ndata 1\nm")
		    print(f"M 644 inline f{c % 7}\ndata {len(data)}\n{data}")
	END
}

serve()
{
	export HOME=$w GIT_CONFIG_NOSYSTEM=1
	cd r || exit 1
	git -c pack.threads=2 -c gc.auto=0 -c pack.window=120 -c pack.depth=100 repack -a -d -f -q; echo "repack $?" > ../done.new
	git gc -q --prune=now; echo "gc $?" >> ../done.new
	mv ../done.new ../done
}

# PIDs come and go in a dump: only the file counts.
work() { until [ -e "$w/done" ]; do sleep 0.1; done; cat "$w/done"; }
finish() { cd r && HOME=$w git fsck --full 2>&1; HOME=$w git count-objects -v | grep -E '^(count|in-pack|garbage)'; HOME=$w git rev-parse main; cd ..; }
