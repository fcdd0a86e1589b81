# SPDX-License-Identifier: BSD-3-Clause
# The words of p11-latch: usage and exit status, secrets from the command line, the manual, completion.
set -u
. "$SRCDIR/tests/lib/all.sh"

token_start softhsm
latch_setup

# latch WORD...: output in OUT, exit status in STATUS.
latch() {
	OUT=$("$CMD" "$@" 2>&1)
	STATUS=$?
}

COMMANDS="check status explain apply block unblock challenge verify personalize probe adopt forget reset recover respond key add"

# --- Usage ----------------------------------------------------------------------------------------

latch
is "$STATUS" 2 "no word: exit status"
latch --help
is "$STATUS" 0 "--help: exit status"
for command in $COMMANDS; do
	like "$OUT" "*
  $command *" "--help lists $command"
done
latch --version
like "$STATUS,$OUT" "0,p11-latch [0-9]*" "--version"
latch stauts
is "$STATUS" 2 "an unknown command: exit status"
like "$OUT" "*did you mean \"status\"?*" "an unknown command: what was meant"
for command in $COMMANDS; do
	latch "$command" --help
	like "$STATUS,$OUT" "0,usage: p11-latch [[]--config FILE] $command *" "$command --help"
	latch "$command" --nonsense
	is "$STATUS" 2 "$command --nonsense: exit status"
	like "$OUT" "*usage: p11-latch [[]--config FILE] $command *" "$command --nonsense: how it is used"
done
for words in "explain" "explain pkcs11: pkcs11:" "apply" "apply x.dsc" "apply x.dsc pkcs11: more" \
	"apply x.dsc pkcs11: --field PIN" "block" "block pkcs11: pkcs11:" "unblock" "unblock --pin" \
	"challenge" "challenge pkcs11: pkcs11:" \
	"verify" "verify pkcs11: pkcs11:" "verify pkcs11: --field KEY" "verify pkcs11: --field A=1 --field B=2" \
	"personalize" "probe" "probe pkcs11: pkcs11:" "probe pkcs11: --pin" "adopt" "forget" "forget pkcs11: pkcs11:" "reset" "recover pkcs11: pkcs11:" \
	"recover --wait" "recover --wait x" "recover --wait 61" "recover --wait -1" "recover --wait 1000000" "add" \
	"respond" "respond --challenge" "respond --challenge 0 --challenge 0" "respond --challenge 0 --field PIN" \
	"respond --challenge 0 --field A=1 --field B=2" "apply x.dsc pkcs11: --field A=1 --field A=2" "key" "key newer" "key new x" "key check x" "key new --json" \
	"key check --out x" "key new --2des --3des"; do
	# shellcheck disable=SC2086
	latch $words
	is "$STATUS" 2 "usage: $words"
done

# --- The configuration ----------------------------------------------------------------------------

cp "$P11_LATCH_CONF" "$SCRATCH/other.conf"
sed -i "s|^StateDirectory=.*|StateDirectory=$SCRATCH/other-state|" "$SCRATCH/other.conf"
latch --config "$SCRATCH/other.conf" adopt "pkcs11:token=$LABEL"
is "$STATUS" 0 "--config FILE"
[ -d "$SCRATCH/other-state/records" ] && ok "another state directory" || not_ok "another state directory"
latch "--config=$SCRATCH/other.conf" status "pkcs11:token=$LABEL"
like "$OUT" "*: active*" "--config=FILE"
latch status "pkcs11:token=$LABEL"
like "$OUT" "*: no record*" "P11_LATCH_CONF, without it"
P11_LATCH_CONF=/nowhere latch status
is "$STATUS" 1 "no configuration: exit status"
like "$OUT" "*/nowhere: error: is not there*" "no configuration: why"

# --- Secrets --------------------------------------------------------------------------------------

description puk <<-'EOT'
	[Description]
	SetPIN=true
	PIN=!FROM_USER_DIALOG_2_FIELD
	InitialPUK=!FROM_USER_DIALOG_1_FIELD
EOT
policy <<-'EOT'
	Unblock=puk.dsc
EOT
URI=pkcs11:token=$LABEL
personalize_direct
EVERYTHING=$SCRATCH/everything

# blocks WORD...: the card is in use and then blocked, with these words for its PUK.
blocks() {
	"$CMD" forget "$URI" >/dev/null
	"$CMD" adopt "$URI" >/dev/null
	latch block "$URI" "$@"
	printf '%s\n' "$OUT" >>"$EVERYTHING"
}

printf '%s\n' "$SO" >"$SCRATCH/puk"
printf '%s\n' "$PIN" >"$SCRATCH/pin"
blocks --puk "@$SCRATCH/puk"
is "$STATUS" 0 "@FILE: exit status"
unlike "$OUT" "*warning*" "@FILE: no warning"
is "$(record State)" blocked "@FILE: blocked"
printf '%s\r\n%s\n' "$SO" "$PIN_NEW" >"$SCRATCH/answers"
latch unblock "$URI" --puk - --pin - <"$SCRATCH/answers"
is "$STATUS" 0 "-: exit status"
unlike "$OUT" "*warning*" "-: no warning"
is "$(login_rv "$MODULE" user "$PIN_NEW")" CKR_OK "-: two lines, one after the other"
blocks --puk "$SO"
is "$STATUS" 0 "a plain word: exit status"
like "$OUT" "*warning: the PUK stands on the command line*use - or @FILE*" "a plain word: a warning"
latch unblock "$URI" --puk "@$SCRATCH/puk" --pin "$PIN"
like "$STATUS,$OUT" "0,*warning: the new PIN stands on the command line*" "and for the new PIN"
blocks --puk "@$SCRATCH/nowhere"
is "$STATUS" 1 "@FILE that is not there: exit status"
like "$OUT" "*the PUK: $SCRATCH/nowhere is not there*" "@FILE that is not there: why"
: >"$SCRATCH/empty"
blocks --puk "@$SCRATCH/empty"
like "$STATUS,$OUT" "1,*$SCRATCH/empty is empty*" "@FILE that is empty"
latch unblock "$URI" --puk - </dev/null
like "$STATUS,$OUT" "1,*standard input has no line for it*" "- without a line"
latch unblock "$URI"
like "$STATUS,$OUT" "1,*PUK or card manager key: there is no terminal to ask on; give --puk - and it as a line of standard input" \
	"neither given nor a terminal to ask on: how the PUK is given"
latch unblock "$URI" --puk "@$SCRATCH/puk"
like "$STATUS,$OUT" "1,*New PIN: there is no terminal to ask on; give --pin - and it as a line of standard input" \
	"and the new PIN"
# What --puk would not be taken for.
asks() {
	description dialogs
	latch apply "$CONF_DIR/descriptions/dialogs.dsc" "$URI"
	like "$STATUS,$OUT" "1,*there is no terminal to ask on; $1 and it as a line of standard input" "apply: $2"
}
asks "give --puk -" "a PUK" <<-'EOT'
	[Description]
	SetPIN=true
	PIN=#123456
	InitialPUK=!FROM_USER_DIALOG_1_FIELD
EOT
asks "name a field in place of the dialog*give --field NAME=-" "a PIN" <<-EOT
	[Description]
	SetPIN=true
	PIN=!FROM_USER_DIALOG_2_FIELD
	InitialPUK=#$SO
EOT
asks "name a field in place of the dialog*give --field NAME=-" "a card manager key that answers challenges" <<-'EOT'
	[Description]
	InitCRKey=true
	UseCardManagerKey=true
	CardManagerKey=!FROM_USER_DIALOG_1_FIELD
EOT
latch unblock "$URI" --puk - --pin - <<-EOT
	99999999
	$PIN_NEW
EOT
like "$STATUS,$OUT" "1,*not unblocked*" "a wrong PUK"
latch unblock "$URI" --puk - --pin - <<-EOT

	$PIN_NEW
EOT
like "$STATUS,$OUT" "1,*no PUK or card manager key was given (an empty line is none)*" "an empty line for the PUK: why"
like "$OUT" "*nothing presented may be tried on this card; p11-latch explain says why*" "an empty line: what tells more"

# misheard RESPONSE PATTERN TEXT: refused for its form, before anything is asked.
misheard() {
	latch unblock "$URI" --response "$1" </dev/null
	like "$STATUS,$OUT" "1,p11-latch: the response: $2" "--response: $3"
	unlike "$OUT" "*terminal*" "--response: $3: before the new PIN is asked for"
}
misheard "F045 4F13 B1E2 9C0O" 'character 19 is "O"*was it a 0[?]' "an O for a 0"
misheard "F045 4F13 B1E 9C00" "15 digits*; group 3 has 3, the others have 4" "15 digits"
misheard "" "0 digits, where there are to be 16*" "empty"
latch unblock "$URI" --response - <<-EOT
	F045
EOT
like "$STATUS,$OUT" "1,p11-latch: the response: 4 digits*" "--response -: the same"

description fields <<-'EOT'
	[Fields]
	NEW_PIN=
	OLD_PUK=
	[Description]
	SetPIN=true
	PIN=NEW_PIN
	InitialPUK=OLD_PUK
EOT
blocks --puk "@$SCRATCH/puk"
latch apply "$CONF_DIR/descriptions/fields.dsc" "$URI" --field "OLD_PUK=@$SCRATCH/puk" --field NEW_PIN=- \
	<<-EOT
		$PIN_NEW
	EOT
is "$STATUS" 0 "apply --field: exit status"
is "$(login_rv "$MODULE" user "$PIN_NEW")" CKR_OK "apply --field: done"
latch apply "$CONF_DIR/descriptions/fields.dsc" "$URI" --field OLD_PUK=- --field "NEW_PIN=$PIN" <"$SCRATCH/puk"
like "$STATUS,$OUT" "0,*warning: field NEW_PIN stands on the command line*" "apply --field: a warning"
latch apply "$CONF_DIR/descriptions/fields.dsc" "$URI" --field "OLD_PUK=@$SCRATCH/puk" --field "OLD_PUK=@$SCRATCH/puk"
like "$STATUS,$OUT" "2,*--field OLD_PUK is given twice*" "apply --field: one field twice"
latch_conf "unix:$SCRATCH/run/helper.sock"
helper_socket operators --operators
latch apply "$CONF_DIR/descriptions/fields.dsc" "$URI" --field "OLD_PUK=@$SCRATCH/puk" --field "NEW_PNI=@$SCRATCH/puk"
like "$STATUS,$OUT" "1,*--field NEW_PNI: there is no such field; did you mean NEW_PIN[?]*" \
	"apply --field: a field that there is not, through the operators' socket"
latch apply "$CONF_DIR/descriptions/fields.dsc" "$URI" --field "OLD_PUK=@$SCRATCH/puk" --field "NEW_PIN=@$SCRATCH/pin"
like "$STATUS,$OUT" "0,*unblocked*" "apply --field: two, through the operators' socket"
helper_socket_stop operators
latch_conf "spawn:$HELPER"

# On a terminal, asked for without echo; the new PIN twice.
blocks --puk "@$SCRATCH/puk"
prompted() {
	tail -n 1 "$SCRATCH/terminal" | grep -q "$1: *$"
}
# answer_on_terminal PROMPT ANSWER...: what is typed while the prompt is not there yet is lost.
answer_on_terminal() {
	: >"$SCRATCH/terminal"
	while [ $# -gt 0 ]; do
		wait_for 10 prompted "$1" && printf '%s\n' "$2"
		shift 2
	done | {
		script -qec "exec '$CMD' unblock '$URI'" /dev/null
		echo "status $?"
	} >>"$SCRATCH/terminal" 2>&1
	OUT=$(cat "$SCRATCH/terminal")
}
PUK_PROMPT="PUK or card manager key"
answer_on_terminal "$PUK_PROMPT" "$SO" "New PIN" "$PIN_NEW" "The same again" "$PIN"
like "$OUT" "*$PUK_PROMPT:*New PIN:*The same again:*the two are not the same*status 1" \
	"on a terminal: two new PINs that differ"
answer_on_terminal "$PUK_PROMPT" "$SO" "New PIN" "$PIN_NEW" "The same again" "$PIN_NEW"
like "$OUT" "*unblocked*status 0" "on a terminal: unblocked"
unlike "$OUT" "*$SO*" "on a terminal: no echo"

# A shell with jobs, as people have one: what becomes of p11-latch and of the terminal.
cat >"$SCRATCH/jobs.sh" <<-'EOT'
	set -m
	trap : INT
	"$@"
	status=$?
	echo "status $status $(stty -a | grep -o '[-]*\<echo\>')"
	[ $status -ne 148 ] || fg >/dev/null # 128 and SIGTSTP
	echo "in the end $? $(stty -a | grep -o '[-]*\<echo\>')"
EOT
# One that reads a line itself, with modes of its own, while it has p11-latch in the background.
cat >"$SCRATCH/background.sh" <<-'EOT'
	set -m
	stty -icrnl
	"$@" &
	until grep -q '^State:.T' "/proc/$!/status"; do sleep 0.1; done
	stty icrnl
	fg >/dev/null
	echo "status $? $(stty -a | grep -o '[-]*\<icrnl\>')"
	echo "in the end"
EOT
JOBS=jobs.sh
# typed_at_prompt KEYS [KEYS]: typed at the prompt of respond, and once more behind "status".
typed_at_prompt() {
	: >"$SCRATCH/terminal"
	{
		wait_for 10 prompted "Card manager key" && printf "$1"
		wait_for 10 grep -q ^status "$SCRATCH/terminal"
		[ $# -eq 1 ] || ! wait_for 10 prompted "Card manager key" || printf "$2"
		wait_for 10 grep -q "^in the end" "$SCRATCH/terminal" || printf '\003'
	} | env --default-signal script -qec "sh '$SCRATCH/$JOBS' '$CMD' respond --challenge 'A892 D756 0161 7C5D'" \
		/dev/null >>"$SCRATCH/terminal" 2>&1
	OUT=$(cat "$SCRATCH/terminal")
}
typed_at_prompt '0001\003'
like "$OUT" "*Card manager key:*status 130 echo*" "Ctrl-C at a prompt: ends it, and the terminal has its echo again"
typed_at_prompt '\034'
like "$OUT" "*status 131 echo*" "Ctrl-\\ at a prompt: the same"
typed_at_prompt '\004'
like "$OUT" "*p11-latch: Card manager key: no answer: the terminal's input ended*status 1 echo*" "Ctrl-D at a prompt: why it ends"
typed_at_prompt '0001\032' '000102030405060708090A0B0C0D0E0F1011121314151617\n'
like "$OUT" "*status 148 echo*Card manager key:*8284 10B3 80EA 38ED*in the end 0 echo*" \
	"Ctrl-Z at a prompt: it stops with echo, and asks anew when it goes on"
unlike "$OUT" "*0001*" "without echo"
JOBS=background.sh
typed_at_prompt '000102030405060708090A0B0C0D0E0F1011121314151617\r'
like "$OUT" "*Card manager key:*8284 10B3 80EA 38ED*status 0 icrnl*" \
	"in the background: it asks with the modes that the terminal has when it is in front, and leaves those"
is "$(grep -c -F -e "$SO" -e "$PIN" -e "$PIN_NEW" "$EVERYTHING")" 0 "no value in what was printed"
no_secret "nor in log and state" "$SO" "$PIN" "$PIN_NEW"

# --- The manual and completion --------------------------------------------------------------------

for command in $COMMANDS; do
	passes "p11-latch(1) has $command" grep -q "^\.It Cm $command" "$SRCDIR/man/p11-latch.1"
	for option in $("$CMD" "$command" --help | grep -o -e '--[a-z0-9][a-z0-9-]*' | sort -u); do
		[ "$option" != --config ] || continue
		passes "p11-latch(1) has $command $option" grep -q \
			-e "Fl ${option#--}" -e "Fl Fl ${option#--}" "$SRCDIR/man/p11-latch.1"
	done
done

# completed WORD...: what bash offers for the last of them, on one line.
completed() {
	PATH="$(dirname "$CMD"):$PATH" bash --norc -c '
		. /usr/share/bash-completion/bash_completion
		. "$SRCDIR/conf/p11-latch.bash"
		COMP_WORDS=(p11-latch "$@") COMP_CWORD=$# COMP_LINE="p11-latch $*" COMP_POINT=${#COMP_LINE}
		compopt() { :; }
		_p11_latch
		printf "%s\n" "${COMPREPLY[@]}" | sort | tr "\n" " "' completed "$@"
}
for command in $COMMANDS; do
	like " $(completed "")" "* $command *" "completion offers $command"
	for option in $("$CMD" "$command" --help | grep -o -e ' *--[a-z0-9][a-z0-9-]*' | sort -u); do
		[ "$option" != --config ] || continue
		like " $(completed "$command" --)" "* $option *" "completion offers $command $option"
	done
done
is "$(completed st)" "status " "completion of a command"
is "$(completed key n)" "new " "completion of what is done with a key"
is "$(completed add x --profile so)" "softhsm " "completion of a profile"
like "$(completed explain "")" "*pkcs11:*token=$LABEL*" "completion of a card"
like "$(completed personalize -- pkcs11-to)" "*pkcs11-tool*" "completion of a command to be run"
done_testing
