#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034 # cycle.sh reads them
# Perl: children that answer through pipes, hashes, regular expressions, sleeps, alarms.
needs="perl"

prepare()
{
	cat > ../work.pl <<-'END'
		use strict;
		use warnings;

		my $ticks = 0;
		$SIG{ALRM} = sub { $ticks++; alarm 1 };
		alarm 1;
		my @lines;
		for my $child (1 .. 6) {
		    my $pid = open(my $from, '-|') // die "fork: $!";
		    if (!$pid) {
		        alarm 0;
		        my %seen;
		        my $x = $child;
		        for my $i (1 .. 900000) {
		            $x = ($x * 1103515245 + 12345) % 2147483648;
		            my $word = sprintf('%x', $x);
		            $seen{$1}++ if $word =~ /^(.{3}).*[02468]$/;
		        }
		        select(undef, undef, undef, 0.1);
		        print "$child $_ $seen{$_}\n" for sort keys %seen;
		        exit 0;
		    }
		    while (my $line = <$from>) {
		        push @lines, $line;
		    }
		    close $from or die "child $child: $?";
		}
		open(my $out, '>', 'output') or die;
		print $out @lines;
	END
}

work() { perl ../work.pl; }
