#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# rssd's configuration: what is accepted, and where each error is.

. "$(dirname "$0")/lib.sh"

conf=$scratch/rssd.conf
rule=$'[web]\ncontainers = web/*\n'

# good TEXT
good()
{
	echo "$1" > "$conf"
	expect 0 '' rssd --check --config "$conf"
}

# bad LINE WHY TEXT
bad()
{
	echo "$3" > "$conf"
	expect 6 "rssd.conf:$1: $2" rssd --check --config "$conf"
}

good "$rule"$'high = 90%\nlow = 75%'
good "$rule"$'high=90M\nlow=0'
good "$rule"$'high = 90M ; a comment\n# another\n  low = 1M'
good $'[rssd]\nstep = 1M\nbackoff = 0.5\nbackoff-max = 3600'
good "$rule"$'high = 2M\n[rssd]\nstep = 1M\n[web]\nlow = 1M'
good ''

good "$rule"'limit = 1.5G'
good "$rule"$'limit = 50%\nhigh = 90%\nlow = 75%'
good "$rule"'limit = max'
bad 2 'web: takes containers, high and low' "$rule"$'limit = 1G\nhigh = 90M'
bad 2 'web: takes containers' $'[web]\nlimit = 1G'
bad 3 'limit: needs a unit' "$rule"$'limit = 100'
bad 2 'web: takes containers, high and low' "$rule"$'high = 90M'
bad 2 'web: high and low must both be' "$rule"$'high = 90%\nlow = 1M'
bad 2 'web: low must be less than high' "$rule"$'high = 90M\nlow = 90M'
bad 4 'high: given a second time' "$rule"$'high = 90M\nhigh = 1M'
bad 3 'hihg: no such key' "$rule"$'hihg = 90M'
bad 3 'high: needs a unit' "$rule"$'high = 90'
bad 3 'high: more than 100%' "$rule"$'high = 101%'
bad 3 'high: not a size' "$rule"$'high = '
bad 3 'high: not a size' "$rule"$'high = max'
bad 3 'neither [section] nor key = value' "$rule"$'high'
bad 1 'neither [section] nor key = value' '[web'
bad 1 'high: not in a section' 'high = 90M'
bad 2 'containers: no pattern' $'[web]\ncontainers = /'
bad 2 'containers: no pattern' $'[web]\ncontainers ='
bad 2 'containers: matches no name' $'[web]\ncontainers = web//2'
bad 2 'containers: matches no name' $'[web]\ncontainers = ../web'
bad 2 'step: not a size to reclaim' $'[rssd]\nstep = 0'
bad 2 'step: not a size to reclaim' $'[rssd]\nstep = max'
bad 2 'backoff: not a number of seconds' $'[rssd]\nbackoff = -1'
bad 2 'backoff: not a number of seconds' $'[rssd]\nbackoff = 1s'
bad 2 'high: no such key' $'[rssd]\nhigh = 1M'

# The longest line there can be, and one that is longer
name=$(printf '%0185d' 0)
good $'[a]\nhigh = 2M\nlow = 1M\n'"containers = $name"
bad 4 'line: too long' $'[a]\nhigh = 2M\nlow = 1M\n'"containers = 0$name"

# Names of sections, and what is behind them
name=$(printf '%049d' 0)
good "[$name]"$'\ncontainers = a\nhigh = 2M\nlow = 1M'
bad 1 'line: name of a section is too long' "[0$name]"$'\ncontainers = a\nhigh = 2M\nlow = 1M'
good $' [web] ; a comment\ncontainers = a\nhigh = 2M\nlow = 1M'
bad 1 'line: something behind the section' $'[web] junk\ncontainers = a'
bad 4 'line: something behind the section' "$rule"$'low = 1M\n[web]]\nhigh = 2M'

mkfifo "$scratch/fifo"
expect 6 'cannot be read: not a regular file' timeout 10 rssd --check --config "$scratch/fifo"
expect 0 'names no containers' rssd --check --config /dev/null
printf '[rssd]\nbackoff = 100\n' > "$conf"
expect 6 'backoff is more than backoff-max' rssd --check --config "$conf"
expect 6 'No such file' rssd --check --config "$scratch/none"
expect 6 'cannot be read' rssd --check --config "$scratch"
expect 2 'bad option -x' rssd -x
expect 2 'bad option --foo' rssd --foo
expect 2 'needs an argument' rssd --config
expect 2 'too many arguments' rssd start
expect 0 'Usage: rssd' rssd --help
expect 0 'rssd 1.' rssd --version
finish
