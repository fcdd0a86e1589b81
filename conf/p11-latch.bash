# SPDX-License-Identifier: BSD-3-Clause
# Completion for bash: the subcommands of p11-latch, their options, files, profiles, and the cards there are.

_p11_latch_options() {
	case $1 in
	check | status | challenge) echo --json --help ;;
	apply) echo --field --puk --last-try --help ;;
	block) echo --puk --force --help ;;
	unblock) echo --puk --response --pin --last-try --help ;;
	probe) echo --pin --puk --new-pin --new-puk --yes --expendable --json --help ;;
	personalize) echo -- --help ;;
	verify) echo --field --so-login --json --help ;;
	respond) echo --challenge --field --uri --json --help ;;
	key) echo --2des --3des --aes128 --aes192 --aes256 --out --json --help ;;
	explain | adopt | forget | reset) echo --help ;;
	recover) echo --wait --help ;;
	add) echo --module --profile --keep-vendor --user --remove --help ;;
	esac
}

# The cards as URIs, one a line; $1 is the configuration, if one was named.
_p11_latch_uris() {
	p11-latch ${1:+--config "$1"} status 2>/dev/null |
		sed -n 's/^\(pkcs11:[^: ]*\): .*/\1/p'
}

# The instances that "add" made, for all or for this user.
_p11_latch_instances() {
	local file

	for file in {,/usr/local}/etc/p11-latch/p11-latch-*.conf \
		~/.config/p11-latch/p11-latch-*.conf; do
		file=${file##*/p11-latch-}
		[[ $file == \** ]] || echo "${file%.conf}"
	done
}

_p11_latch() {
	local current previous words cword command= config= i

	_init_completion -n =: || return
	current=${words[cword]}
	previous=${words[cword - 1]}
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		--config) config=${words[++i]} ;;
		--config=*) config=${words[i]#*=} ;;
		*)
			command=${words[i]}
			break
			;;
		esac
	done

	case $previous in
	--config | --module | --out)
		_filedir
		return
		;;
	--profile)
		mapfile -t COMPREPLY < <(compgen -W "auto generic softhsm opencryptoki opensc opensc-openpgp opensc-piv \
			yubikey tpm2 nss gemalto cardos cryptovision" -- "$current")
		return
		;;
	--uri)
		mapfile -t COMPREPLY < <(compgen -W "$(_p11_latch_uris "$config")" -- "$current")
		__ltrim_colon_completions "$current"
		return
		;;
	--remove)
		mapfile -t COMPREPLY < <(compgen -W "$(_p11_latch_instances)" -- "$current")
		return
		;;
	--puk | --pin | --new-puk | --new-pin | --response)
		mapfile -t COMPREPLY < <(compgen -W "- @" -- "$current")
		compopt -o nospace
		return
		;;
	esac
	if [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "check status explain apply block unblock challenge \
			verify personalize probe adopt forget reset recover respond key add --config --help --version" \
			-- "$current")
		return
	fi
	if [[ $command == personalize && " ${words[*]:i:cword-i} " == *" -- "* ]]; then
		if [[ $previous == -- ]]; then
			mapfile -t COMPREPLY < <(compgen -c -- "$current")
		else
			_filedir
		fi
		return
	fi
	if [[ $current == -* || $command == personalize ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_p11_latch_options "$command")" -- "$current")
		return
	fi
	case $command in
	check) _filedir '@(dsc|conf)' ;;
	apply)
		if [[ $current == pkcs11:* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(_p11_latch_uris "$config")" -- "$current")
			__ltrim_colon_completions "$current"
		else
			_filedir dsc
		fi
		;;
	key) [[ $previous != key ]] || mapfile -t COMPREPLY < <(compgen -W "new check" -- "$current") ;;
	status | explain | block | unblock | challenge | verify | probe | adopt | forget | reset | recover)
		mapfile -t COMPREPLY < <(compgen -W "$(_p11_latch_uris "$config")" -- "$current")
		__ltrim_colon_completions "$current"
		;;
	esac
} && complete -F _p11_latch p11-latch
