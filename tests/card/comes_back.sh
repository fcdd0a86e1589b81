# SPDX-License-Identifier: BSD-3-Clause
# A card that was away when its holder ended: the next login through p11-latch blocks it before anything else.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"

token_start softhsm
latch_setup
desk_knows "$SO"
personalize holder
mv "$SCRATCH/softhsm" "$SCRATCH/pocket"
mkdir "$SCRATCH/softhsm"
drive holder kill9 >/dev/null
passes "the watcher ends" wait_for 20 no_helpers
is "$(record State)" personalizing "the card is recorded as not blocked"
logged "not blocked, since the card answers CKR_TOKEN_NOT_PRESENT" "the log says why"
like "$("$CMD" status 2>&1)" "*PULLED*" "status lists it as pulled"
rmdir "$SCRATCH/softhsm"
mv "$SCRATCH/pocket" "$SCRATCH/softhsm"
is "$(login_rv "$MODULE" user "$PIN")" CKR_OK "when it is back, the card itself still takes its first PIN"
is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "a login through p11-latch is refused"
is "$(record State)" blocked "and blocks the card"
fails "the card itself takes that PIN no more" vendor_takes "$PIN"
is "$(record Why)" none "nothing is in the way any more"
done_testing
