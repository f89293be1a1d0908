# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# bash completion for rssctl and rssd. Works with bash alone.

# The words of a fixed list; it is expanded.
_rss_words()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "${COMP_WORDS[COMP_CWORD]}")
}

_rss_files()
{
	mapfile -t COMPREPLY < <(compgen "$1" -- "${COMP_WORDS[COMP_CWORD]}")
	compopt -o filenames
}

# Names of containers, in the hierarchy of --root if given. A container may have
# a name like $(this), so the words are quoted. Inside quotes that the user has
# opened that would be wrong: only plain names are offered there.
_rss_names()
{
	local i name quoted root=() word=${COMP_WORDS[COMP_CWORD]}

	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i - 1]} in
		-R|--root)	root=(--root "${COMP_WORDS[i]}") ;;
		esac
	done
	while IFS= read -r name; do
		printf -v quoted %q "$name"
		if [[ $word == *[\"\']* && $quoted != "$name" ]]; then
			continue
		fi
		if [[ $quoted == "${word#[\"\']}"* ]]; then
			COMPREPLY+=("$quoted")
		fi
	done < <(rssctl ls --quiet "${root[@]}" 2> /dev/null)
}

# How many arguments of rssctl's command are in front of the cursor.
_rss_arguments()
{
	local i nr=0

	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[1]}:${COMP_WORDS[i]} in
		top:-s|wait-event:-s)
			i=$((i + 1))
			continue ;;
		esac
		case ${COMP_WORDS[i]} in
		-l|-n|-o|-w|-d|-t|-x|--output|-R|--exec|--since|--limit|--name|--watermark|--delay|\
		--iterations|--sort|--timeout|--root)
			i=$((i + 1)) ;;
		-*)	;;
		*)	nr=$((nr + 1)) ;;
		esac
	done
	echo "$nr"
}

_rss_options()
{
	case $1 in
	run)		echo "--json --limit --name --output --summary --watermark" ;;
	create)		echo "--limit --parents --watermark" ;;
	rm)		echo "--kill" ;;
	move)		echo "--quiet" ;;
	ls)		echo "--json --quiet" ;;
	stat)		echo "--bytes --json" ;;
	top)		echo "--batch --delay --json --iterations --sort" ;;
	wait-event)	echo "--exec --follow --json --since --timeout" ;;
	esac
	echo "--root --help"
}

_rssctl()
{
	local command=${COMP_WORDS[1]} word=${COMP_WORDS[COMP_CWORD]}

	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		_rss_words "run exec create rm enable ls stat set shrink move top \
			wait-event mount --help --version"
		return
	fi
	case $command:${COMP_WORDS[COMP_CWORD - 1]} in
	top:-s|top:--sort)
			_rss_words "usage rate failcnt name share limit peak kills"
			return ;;
	wait-event:-s)	return ;;
	esac
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	-R|--root)	_rss_files -d; return ;;
	-o|--output)	_rss_files -f; return ;;
	-l|--limit|-w|--watermark|-n|--name|-d|--delay|--iterations|-t|--timeout|\
	-x|--exec|--since)
		return ;;
	esac
	if [[ $word == -* ]]; then
		_rss_words "$(_rss_options "$command")"
		return
	fi
	case $command:$(_rss_arguments) in
	run:0)		_rss_files -c ;;
	run:*)		_rss_files -f ;;
	exec:1)		_rss_files -c ;;
	exec:0|create:0|rm:*|enable:*|ls:0|stat:0|set:0|shrink:0|move:0|\
	top:0|wait-event:0)
			_rss_names ;;
	set:*)		_rss_words "limit= watermark= failcnt=0 peak=0"
			compopt -o nospace ;;
	wait-event:*)	_rss_words "watermark limit oom oom_kill" ;;
	esac
}

_rssd()
{
	COMPREPLY=()
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	-c|--config)	_rss_files -f ;;
	-R|--root)	_rss_files -d ;;
	*)		_rss_words "--config --check --dry-run --restore --verbose --root \
			--help --version" ;;
	esac
}

complete -F _rssctl rssctl
complete -F _rssd rssd
