#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # cycle.sh has them
# sox making and encoding sound.
needs="sox"
settled() { sleep 0.3; }

serve()
{
	sox -R -n -r 44100 -c 2 a.wav synth 400 pinknoise vol 0.5
	sox -R a.wav -t flac - reverb 40 chorus 0.7 0.9 55 0.4 0.25 2 -t | sha256sum > sum
	sox -R a.wav -t vorbis - rate -v 22050 | wc -c | awk '{ print ($1 > 10000) }' >> sum
	mv sum result
}

work() { until [ -e "$w/result" ]; do sleep 0.1; done; cat "$w/result"; }
finish() { :; }
