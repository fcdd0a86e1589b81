/* SPDX-License-Identifier: BSD-3-Clause */
/* How a card is personalized and blocked under its binding, and why so. */
#include "card/explain_part.h"
#include "card/offline.h"
#include "card/personalized.h"
#include "card/so.h"

static void
print_occasion(const struct card *c, FILE *out)
{
	const struct binding *b = c->binding;
	bool init_pin = c->profile.unblock_style == UNBLOCK_BY_INIT_PIN;

	switch (b->personalize_on) {
	case PERSONALIZE_ON_INIT_PIN:
		fputs(init_pin ? "  begins with C_InitPIN on a new card (PersonalizeOn=init-pin)\n"
			       : "  begins under p11-latch personalize only: this module has no "
				 "C_InitPIN, so that PersonalizeOn=set-pin is needed\n",
		    out);
		break;
	case PERSONALIZE_ON_SET_PIN:
		fprintf(out,
		    "  begins with %sthe first C_SetPIN as user on a card without a record "
		    "(PersonalizeOn=set-pin)\n",
		    init_pin ? "C_InitPIN on a new card, or with " : "");
		break;
	case PERSONALIZE_ON_COMMAND:
		fputs("  begins under p11-latch personalize and p11-latch apply only "
		      "(PersonalizeOn=command)\n",
		    out);
		break;
	}
	fprintf(out, "  ends with the program, or when it %s\n",
	    b->block_after == BLOCK_AFTER_FINALIZE
		? "calls C_Finalize (BlockAfter=finalize)"
		: "closes its last session on the card (BlockAfter=close)");
}

static void
print_init_pin(const struct card *c, FILE *out)
{
	bool locked = (c->info.flags & CKF_USER_PIN_LOCKED) != 0;
	bool new_life = c->profile.shows_life && (c->info.flags & CKF_TOKEN_INITIALIZED) != 0 &&
			(c->info.flags & CKF_USER_PIN_INITIALIZED) == 0;

	if (c->profile.unblock_style != UNBLOCK_BY_INIT_PIN)
		return;
	fputs("  C_InitPIN on this card now: ", out);
	if (c->record.state == RECORD_PERSONALIZING)
		fputs("goes on with the personalization that is under way\n", out);
	else if (new_life || (c->record.state == RECORD_NONE && !locked))
		fprintf(out, "%s, %s\n",
		    c->binding->personalize_on == PERSONALIZE_ON_COMMAND
			? "begins a personalization under p11-latch personalize"
			: "begins a personalization",
		    new_life ? "since the card has no PIN so far" : "since it has no record");
	else if (c->record.state == RECORD_ACTIVE && !locked)
		fputs("resets a forgotten PIN, since the card is in use; p11-latch forget sends it "
		      "through personalization again\n",
		    out);
	else
		fputs("is an unblock by the application itself\n", out);
}

static void
print_personalizing(const struct card *c, FILE *out)
{
	const struct description *desc = c->binding->personalize;

	fputs("Personalization\n", out);
	if (desc == NULL) {
		fputs("  never: the binding has no Personalize=, as a pick-up desk's\n", out);
	} else if (description_offline(desc) && !offline_possible(c)) {
		fputs("  refused: cards of this module can have no tickets to be unblocked offline "
		      "with\n",
		    out);
	} else if (!personalizes(desc)) {
		fputs("  never: the description has no BlockCard=true\n", out);
	} else if (c->profile.no_block) {
		fputs("  refused: nothing can block a token of this module (Profile.Block=none)\n",
		    out);
	} else {
		print_occasion(c, out);
		if (desc->init_cr_key)
			fprintf(out,
			    "  then the card gets %u tickets, and a random PUK that nobody "
			    "knows%s\n",
			    c->binding->tickets,
			    desc->block_card ? "" : "; it is not blocked (no BlockCard=true)");
		print_init_pin(c, out);
	}
}

static bool
blocks_by_lock(const struct card *c)
{
	if (c->profile.never_guess)
		return false;
	if (c->binding->block_method == BLOCK_AUTO)
		return c->profile.lock;
	return c->binding->block_method == BLOCK_LOCK;
}

static const char *
why_method(const struct card *c)
{
	if (c->profile.never_guess)
		return "the profile lets no wrong PIN be sent";
	switch (c->binding->block_method) {
	case BLOCK_LOCK:
		return "BlockMethod=lock";
	case BLOCK_SCRAMBLE:
		return "BlockMethod=scramble";
	case BLOCK_AUTO:
		break;
	}
	return "BlockMethod=auto, and the profile says so";
}

static const char *
name_of(enum so_element element, bool key)
{
	if (element == SO_UNBLOCK_NEW || element == SO_PERSONALIZE_NEW)
		return key ? "NewCardManagerKey" : "PUK";
	return key ? "CardManagerKey" : "InitialPUK";
}

/* The SO secrets of the policy for scrambling, in the order in which they are tried. */
static void
print_so_for_block(struct card *c, FILE *out)
{
	const struct description *desc;
	const struct value *v;
	bool any = false;
	struct origin o;
	unsigned i;

	fputs(c->profile.unblock_style == UNBLOCK_BY_INIT_PIN
		  ? "  SO secret for it: what the application logged in with"
		  : "  PUK for it: none of the application's",
	    out);
	for (i = 0; i < SO_ELEMENTS && !c->private.foreign_so; i++) {
		enum so_element element = so_element_for_block(c, i);

		v = so_element_value(c, element, &desc);
		if (v == NULL || description_offline(desc))
			continue;
		explain_origin(c, desc, v, description_uses_key(desc), &o);
		if (o.have != HAVE_VALUE)
			continue;
		fprintf(out, ", else %s= of %s", name_of(element, description_uses_key(desc)),
		    desc->file);
		any = true;
	}
	fputs(any ? "\n"
		  : "; the policy holds none, so that after the death of program and watcher "
		    "together the card is refused by p11-latch only\n",
	    out);
}

void
explain_blocking(struct card *c, FILE *out)
{
	bool lock = blocks_by_lock(c);

	print_personalizing(c, out);
	if (c->profile.no_block)
		return;
	fprintf(out, "Blocking\n  by %s: %s\n",
	    lock ? "lock, wrong PINs until the card locks itself"
		 : "scramble, a PIN that nobody knows",
	    why_method(c));
	if (lock)
		fprintf(out, "  proof that it can be unlocked again: %s\n",
		    c->private.proved ? "there, the card has been unblocked so in this life of it"
		    : c->profile.unblock_style != UNBLOCK_BY_INIT_PIN
			? "none so far; the card is scrambled first, with the policy's PUK"
			: "none so far; C_InitPIN of the personalization gives it, and without it "
			  "the card is scrambled first");
	print_so_for_block(c, out);
}
