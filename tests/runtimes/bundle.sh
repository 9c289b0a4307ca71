# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# bundle DIR: a runc bundle there, with busybox on an overlay mount that stays in this
# mount namespace; its process counts on standard output.
bundle()
{
	local dir=$1 applet
	mkdir -p "$dir"/{lower,upper,work,rootfs} "$dir"/lower/{bin,proc,sys,dev,etc,tmp,root} || return
	cp /bin/busybox "$dir/lower/bin/" || return
	for applet in sh sleep echo cat; do
		ln -sf busybox "$dir/lower/bin/$applet"
	done
	mount -t overlay overlay \
		-o "lowerdir=$dir/lower,upperdir=$dir/upper,workdir=$dir/work" "$dir/rootfs" || return
	(cd "$dir" && runc spec) || return
	python3 - "$dir/config.json" <<-'END'
		import json, sys
		conf = json.load(open(sys.argv[1]))
		conf["process"]["terminal"] = False
		conf["root"]["readonly"] = False
		conf["process"]["args"] = ["sh", "-c", "echo kept > /tmp/file; echo shared > /dev/shm/file; "
			"i=0; while :; do i=$((i+1)); echo $i $(cat /tmp/file /dev/shm/file); sleep 0.05; done"]
		json.dump(conf, open(sys.argv[1], "w"))
	END
}
