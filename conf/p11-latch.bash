# SPDX-License-Identifier: BSD-3-Clause
# Completion for bash: the subcommands of p11-latch, their options, and token URIs as p11tool knows them.

_p11_latch_options() {
	case $1 in
	check) echo --json --config ;;
	status) echo --json --config ;;
	explain) echo --json --config ;;
	apply) echo --field --config ;;
	block) echo --force --config ;;
	unblock) echo --response --last-try --field --config ;;
	personalize) echo -- ;;
	adopt | forget | reset | recover | challenge | verify) echo --json --config ;;
	respond) echo --challenge --field ;;
	key) echo new ;;
	add) echo --module --keep-vendor --user --remove ;;
	esac
}

_p11_latch() {
	local current previous words cword command
	_init_completion -n =: || return
	current=${words[cword]}
	previous=${words[cword - 1]}
	command=${words[1]}

	if ((cword == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "check status explain apply block unblock \
			personalize adopt forget reset recover key challenge respond verify import \
			add --help --version" -- "$current")
		return
	fi
	case $previous in
	--config | --module)
		_filedir
		return
		;;
	esac
	if [[ $command == personalize && $previous == -- ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$current")
		return
	fi
	if [[ $command == key && $previous == new ]]; then
		mapfile -t COMPREPLY < <(compgen -W "--2des --3des --aes128 --aes192 --aes256" \
			-- "$current")
		return
	fi
	if [[ $current == -* || $command == key ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_p11_latch_options "$command")" -- "$current")
		return
	fi
	case $command in
	check) _filedir '@(dsc|conf)' ;;
	apply) _filedir dsc ;;
	import) _filedir dsz ;;
	esac
} && complete -F _p11_latch p11-latch
