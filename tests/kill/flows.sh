# SPDX-License-Identifier: BSD-3-Clause
# The flows that are killed at each step: a table, and what its words mean. Sourced, after tokens.sh.
#
#	NAME TOKENS START POLICY ENDS NEXT ACTION
#
# TOKENS: those that have such a flow. START: what the card is before it, start_START makes it. POLICY: policy_POLICY
# writes it. ENDS: what the card may be afterwards, see verdict.sh. NEXT: what a person does next, next_NEXT. ACTION: action_ACTION runs the flow, by "killed
# PROGRAM ARG..." or "app LINE...". START cut:FLOW: that flow, killed where a record was to be renamed, or after the
# card was changed; then the action is to recover from it.
#
# It may change the PIN to PIN_NEW or LETTER, and the SO secret from SO to SO_NEW.

LETTER=424242

flows() {
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' <<-'END'
		# Blocking.
		block-lock         opencryptoki,openpgp,piv-opensc,piv-ykcs11  in_use   lock      blocked,active     ask      block
		block-scramble     softhsm,opencryptoki,openpgp,piv-opensc,piv-ykcs11  in_use   scramble  blocked,active     ask      block
		block-force        opencryptoki,openpgp,piv-opensc,piv-ykcs11  in_use   asked     blocked,active     ask      block_force
		apply-block        softhsm,opencryptoki,openpgp,piv-ykcs11     in_use   known     blocked,active     ask      apply_block

		# Personalizing.
		personalize-lock   opencryptoki,openpgp,piv-opensc,piv-ykcs11  factory  lock      blocked,untouched  ask      personalize
		personalize-scramble softhsm,opencryptoki,openpgp              factory  scramble  blocked,untouched  ask      personalize
		personalize-asked  opencryptoki,openpgp                        factory  asked     blocked,untouched,refused  ask  personalize
		hold               softhsm,opencryptoki,openpgp,piv-ykcs11     factory  known     blocked,untouched  ask      hold
		apply-new          softhsm,opencryptoki                        bare     known     blocked,untouched  ask      apply_new

		# Unblocking.
		setpin             softhsm,opencryptoki,openpgp,piv-opensc,piv-ykcs11  blocked  known   blocked,active  set_pin  set_pin
		setpin-asked       opencryptoki,openpgp,piv-opensc,piv-ykcs11  blocked  asked     blocked,active     set_pin  set_pin
		setpin-policy      softhsm,opencryptoki,openpgp,piv-opensc,piv-ykcs11  blocked  known     blocked,active     set_pin  set_pin_empty
		login              softhsm,opencryptoki,openpgp,piv-opensc,piv-ykcs11  blocked  known     blocked,active     set_pin  login
		command            softhsm,opencryptoki,openpgp,piv-opensc,piv-ykcs11  blocked  known   blocked,active  set_pin  unblock
		command-asked      opencryptoki,openpgp,piv-ykcs11             blocked  asked     blocked,active     set_pin  unblock_typed
		letter             softhsm,opencryptoki,openpgp,piv-ykcs11     blocked  letter    blocked,active     letter   letter
		own                softhsm,opencryptoki,openpgp                blocked  known     blocked,active     set_pin  own

		# A new PUK or key with it, or alone.
		setpin-puk         softhsm,opencryptoki,openpgp,piv-ykcs11     blocked  puk       blocked,active     set_pin  set_pin
		command-puk        softhsm,opencryptoki,openpgp,piv-opensc,piv-ykcs11  blocked  puk     blocked,active  set_pin  unblock
		own-puk            softhsm,opencryptoki,openpgp                blocked  puk       blocked,active     set_pin  own
		apply-puk          softhsm,opencryptoki,openpgp,piv-ykcs11     blocked  puk       blocked            ask      apply_puk
		setpin-key         softhsm                                     blocked  key       blocked,active     set_pin  set_pin
		command-key        softhsm                                     blocked  key       blocked,active     set_pin  unblock
		apply-key          softhsm                                     blocked  key       blocked            ask      apply_key
		apply-manager      piv-ykcs11                                  blocked  known     blocked            ask      apply_manager

		# The helper behind its sockets, under a user of its own.
		behind-setpin      softhsm,opencryptoki,openpgp,piv-ykcs11  blocked   known    blocked,active     set_pin  behind_set_pin
		behind-login       softhsm,opencryptoki                        blocked   known    blocked,active     set_pin  behind_login
		behind-puk         softhsm,opencryptoki,openpgp,piv-ykcs11  blocked   puk      blocked,active     set_pin  behind_set_pin
		behind-own         softhsm,opencryptoki,openpgp  blocked   known    blocked,active     set_pin  behind_own
		behind-personalize softhsm,opencryptoki                        factory   known    blocked,untouched  ask      behind_personalize
		recover-behind-puk softhsm,opencryptoki                        cut:behind-puk  puk  blocked,active   ask      recover

		# Cards with tickets.
		offline-personalize softhsm,opencryptoki                       factory   offline  blocked,untouched,refused  ask  personalize
		offline-response   softhsm,opencryptoki                        ticketed  offline  blocked,active     response response
		offline-refill     softhsm,opencryptoki                        ticketed  offline  blocked            response refill
		recover-response   softhsm,opencryptoki                        cut:offline-response  offline  blocked,active  response  recover

		# Recovering from one of the former.
		recover-block      softhsm,opencryptoki,openpgp,piv-ykcs11     cut:apply-block      known  blocked,active     ask  recover
		recover-personalize softhsm,opencryptoki,openpgp,piv-ykcs11    cut:hold             known  blocked,untouched  ask  recover
		recover-setpin-puk softhsm,opencryptoki,openpgp,piv-ykcs11     cut:setpin-puk       puk    blocked,active     ask  recover
		recover-command-key softhsm                                    cut:command-key      key    blocked,active     ask  recover
		recover-own-puk    softhsm,opencryptoki,openpgp                cut:own-puk          puk    blocked,active     ask  recover
		recover-apply-puk  softhsm,opencryptoki,openpgp,piv-ykcs11     cut:apply-puk        puk    blocked            ask  recover

		recover-personalize-asked opencryptoki,openpgp                 cut:personalize-asked  asked  blocked,untouched,refused  ask  recover

		# Without p11-latch: what the vendor's module destroys by itself.
		control            softhsm,opencryptoki                        in_use   known     active             none     control
		control-new        softhsm,opencryptoki                        bare     known     active             none     control_new
	END
}

# flow_read NAME: its columns. False: there is no such flow.
flow_read() {
	FLOW_TOKENS=
	read -r FLOW FLOW_TOKENS FLOW_START FLOW_POLICY FLOW_ENDS FLOW_NEXT FLOW_ACTION <<-END
		$(flows | grep "^$1 ")
	END
	[ -n "$FLOW_TOKENS" ]
}

# flows_of TOKEN: their names.
flows_of() {
	flows | while read -r flow_name flow_tokens _; do
		case ,$flow_tokens, in
		*",$1,"*) echo "$flow_name" ;;
		esac
	done
}

# --- Policies ---------------------------------------------------------------------------------------

# office PERSONALIZE-LINES UNBLOCK-LINES [LINE...]: lines of [Description] each, then of the binding.
office() {
	{
		printf '[Application_B]\nBlockCard=true\n'
		[ -z "$1" ] || printf '[Description]\n%s\n' "$1"
	} | description personalize
	printf '[Description]\nSetPIN=true\n%s\n' "$2" | description unblock
	shift 2
	policy_clear
	{
		printf '%s\n' Personalize=personalize.dsc Unblock=unblock.dsc ${FIRST_BY_SET_PIN:+PersonalizeOn=set-pin} "$@"
	} | policy
}

DIALOG='PIN=!FROM_USER_DIALOG_2_FIELD'

policy_known() {
	office "InitialPUK=#$SO" "$DIALOG
InitialPUK=#$SO" "$@"
}

policy_lock() {
	policy_known BlockMethod=lock
}

policy_scramble() {
	policy_known BlockMethod=scramble
}

# The person who comes has the PUK.
policy_asked() {
	office "" "$DIALOG
InitialPUK=!FROM_USER_DIALOG_1_FIELD"
}

policy_letter() {
	office "InitialPUK=#$SO" "PIN=#$LETTER
InitialPUK=#$SO" PinLetter=yes
}

policy_puk() {
	office "InitialPUK=#$SO" "$DIALOG
InitialPUK=#$SO
PUK=#$SO_NEW"
}

policy_key() {
	office "CardManagerKey=#$SO" "$DIALOG
CardManagerKey=#$SO
NewCardManagerKey=#$SO_NEW"
}

# The key answers challenges, and opens the box that the SO secret is in.
policy_offline() {
	offline_key="UseCardManagerKey=true
CardManagerKey=#$KEY"
	office "InitCRKey=true
$offline_key" "$DIALOG
$offline_key" Tickets=3
}

# --- Actions ----------------------------------------------------------------------------------------

app() {
	killed "$P11DRIVE" "$LATCH" initialize "slot-label \"$LABEL\"" "open rw" "$@"
}

# apply_now LINE...: by "p11-latch apply", under killer. A token that is not initialised has no label yet.
apply_now() {
	printf '%s\n' "$@" >"$SCRATCH/now.dsc"
	apply_uri=$CARD
	[ "$FLOW_START" != bare ] || apply_uri=pkcs11:
	killed "$CMD" apply "$SCRATCH/now.dsc" "$apply_uri"
}

action_block() {
	killed "$CMD" block "$CARD"
}

action_block_force() {
	killed "$CMD" block --force "$CARD"
}

action_apply_block() {
	apply_now '[Application_B]' BlockCard=true
}

action_personalize() {
	if [ -n "${FIRST_BY_SET_PIN:-}" ]; then
		app "login user $CARD_PIN" "set-pin $CARD_PIN $PIN" close
	else
		app "login so $SO" "init-pin $PIN" close
	fi
}

action_hold() {
	set -- "login so $SO" "init-pin $PIN"
	[ -z "${FIRST_BY_SET_PIN:-}" ] || set -- "login user $CARD_PIN" "set-pin $CARD_PIN $PIN"
	killed "$CMD" personalize -- "$P11DRIVE" "$LATCH" initialize "slot-label \"$LABEL\"" "open rw" "$@" close
}

# openCryptoki wants the SO PIN of the factory changed first.
action_apply_new() {
	set -- "InitialPUK=#$SO"
	[ "$TOKEN" != opencryptoki ] || set -- "InitialPUK=#$SO_FACTORY" "PUK=#$SO"
	apply_now '[Application_B]' BlockCard=true '[Description]' InitToken=true SetPIN=true InitialLabel=latch "$@" \
		"PIN=#$PIN"
}

action_set_pin() {
	app "set-pin $SO $PIN_NEW"
}

action_set_pin_empty() {
	app "set-pin empty $PIN_NEW"
}

action_login() {
	app "login user $SO" "set-pin $SO $PIN_NEW"
}

action_unblock() {
	echo "$PIN_NEW" >"$SCRATCH/pin"
	killed "$CMD" unblock --pin "@$SCRATCH/pin" "$CARD"
}

action_unblock_typed() {
	echo "$PIN_NEW" >"$SCRATCH/pin"
	echo "$SO" >"$SCRATCH/puk"
	killed "$CMD" unblock --puk "@$SCRATCH/puk" --pin "@$SCRATCH/pin" "$CARD"
}

action_letter() {
	app "login user $LETTER"
}

action_own() {
	app "login so $SO" "init-pin $PIN_NEW" logout
}

action_apply_puk() {
	apply_now '[Description]' SetPIN=true "InitialPUK=#$SO" "PUK=#$SO_NEW"
}

action_apply_key() {
	apply_now '[Description]' SetPIN=true "CardManagerKey=#$SO" "NewCardManagerKey=#$SO_NEW"
}

action_apply_manager() {
	apply_now '[Description]' SetPIN=true "CardManagerKey=#$MANAGEMENT_KEY" "NewCardManagerKey=#$MANAGEMENT_KEY_NEW"
}

# behind USER LINE...: the same, by a user who has no part in policy, state and helper.
behind() {
	behind_user=$1
	shift
	BUILDDIR=$BUILDDIR SRCDIR=$SRCDIR SCRATCH=$SCRATCH STATE=$STATE killed sh "$SRCDIR/tests/kill/behind.sh" "$behind_user" \
		"$LATCH" initialize "slot-label \"$LABEL\"" "open rw" "$@"
}

action_behind_set_pin() {
	behind anyone "set-pin $SO $PIN_NEW"
}

action_behind_login() {
	behind anyone "login user $SO" "set-pin $SO $PIN_NEW"
}

action_behind_own() {
	behind operator "login so $SO" "init-pin $PIN_NEW" logout
}

action_behind_personalize() {
	behind operator "login so $SO" "init-pin $PIN" close
}

# Over the phone, before anything is killed.
action_response() {
	RESPONSE=$("$CMD" respond --challenge "$("$CMD" challenge "$CARD" 2>/dev/null)" --field CARD_MANAGER_KEY=- 2>/dev/null <<-END
		$KEY
	END
	)
	RESPONSE=$(printf %s "$RESPONSE" | tr -d ' ')
	app "set-pin $RESPONSE $PIN_NEW"
}

action_refill() {
	RESPONSE=none
	apply_now '[Description]' InitCRKey=true UseCardManagerKey=true "CardManagerKey=#$KEY"
}

action_recover() {
	killed "$CMD" recover
}

# The calls that p11-latch makes in these flows, each once: right and wrong logins, too.
action_control() {
	killed "$P11DRIVE" "$BUILDDIR/tests/kill/marks.so" initialize "slot-label \"$LABEL\"" "open rw" \
		"login user 999999" "login so $SO" "init-pin $PIN_NEW" "set-pin $SO $SO_NEW" logout \
		"create-data ticket seven public" "destroy ticket" "login user $PIN_NEW" logout close finalize
}

action_control_new() {
	set -- "init-token $SO latch" "open rw" "login so $SO"
	[ "$TOKEN" != opencryptoki ] || set -- "init-token $SO_FACTORY latch" "open rw" "login so $SO_FACTORY" \
		"set-pin $SO_FACTORY $SO"
	killed "$P11DRIVE" "$BUILDDIR/tests/kill/marks.so" initialize "slot 0" "$@" "init-pin $PIN" logout close finalize
}

# --- What a person does next ------------------------------------------------------------------------

latch_once() {
	once "$LATCH" "$@" >"$SCRATCH/next" 2>&1
}

next_ask() {
	latch_once "login user $PIN"
}

next_letter() {
	latch_once "login user $LETTER"
}

next_set_pin() {
	latch_once "set-pin $SO $PIN_NEW"
}

# Once more what was answered; where it is used up, it opens nothing.
next_response() {
	latch_once "set-pin ${RESPONSE:-none} $PIN_NEW"
}
