/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rows of the unblock table (design, section 6) apply to a card, and why the others do not.
 */
#include <string.h>

#include "card/explain_part.h"
#include "card/offline.h"
#include "card/pad.h"
#include "card/row.h"
#include "card/so.h"

#define SO_TRIES_MANY 1000u

/* The policy's SO secret for unblocking, and the element that it stands in. */
struct held {
	const struct description *desc; /* NULL: no description at all */
	const char *element;
	struct origin origin;
	bool holds;
};

static bool
is_present(const struct card *c)
{
	return c->info.flags != 0;
}

static void
find_held(struct card *c, struct held *h)
{
	const struct description *desc = c->binding->unblock;
	const struct value *v;
	struct so so;
	bool key, new;

	memset(h, 0, sizeof(*h));
	h->desc = desc != NULL ? desc : c->binding->personalize;
	if (h->desc == NULL)
		return;
	key = description_uses_key(h->desc);
	new = c->private.new_valid &&description_new_so(h->desc)->kind != VALUE_NONE;
	v = new ? description_new_so(h->desc) : description_so(h->desc);
	h->element =
	    key ? (new ? "NewCardManagerKey=" : "CardManagerKey=") : (new ? "PUK=" : "InitialPUK=");
	explain_origin(c, h->desc, v, key, &h->origin);
	if (h->origin.have != HAVE_VALUE)
		return;
	/* No SO try is spent for a person who asks. */
	if (description_offline(h->desc)) {
		h->holds = is_present(c) && offline_opens(c, h->desc);
		return;
	}
	if (c->private.foreign_so)
		return;
	/* It logs why a secret that is there cannot be used. */
	h->holds = so_of_policy(c, false, &so) && so.pin != NULL;
	so_clear(&so);
}

/* Why the policy holds no SO secret. */
static void
print_why_none(const struct card *c, const struct held *h, FILE *out)
{
	if (c->private.foreign_so)
		fputs("the policy's was seen not to be this card's (p11-latch reset takes that "
		      "back)",
		    out);
	else if (h->desc == NULL)
		fputs("the binding has neither Unblock= nor Personalize=", out);
	else if (h->origin.have == HAVE_VALUE && description_offline(h->desc))
		fprintf(out, "%s of %s opens no box of this card%s", h->element, h->desc->file,
		    is_present(c) ? "" : ", which is not here");
	else if (h->origin.have == HAVE_VALUE)
		fprintf(out, "%s of %s cannot be used", h->element, h->desc->file);
	else
		fprintf(out, "%s of %s: %s", h->element, h->desc->file, h->origin.text);
}

static void
print_row_policy(const struct card *c, const struct held *h, FILE *out)
{
	fputs("  1 the policy's own PUK or key, presented: ", out);
	if (!h->holds) {
		fputs("no: ", out);
		print_why_none(c, h, out);
		fputc('\n', out);
		return;
	}
	fprintf(out, "yes: %s of %s%s\n", h->element, h->desc->file,
	    c->binding->unblock_by_login == CHOICE_NO ? "; not by C_Login (UnblockByLogin=no)"
						      : "");
}

/* NULL: it is in force. */
static const char *
why_no_letter(struct card *c, const struct held *h, struct origin *pin)
{
	const struct description *desc = c->binding->unblock;

	if (desc == NULL)
		return "the binding has no Unblock=";
	explain_origin(c, desc, &desc->pin, false, pin);
	if (pin->have != HAVE_VALUE)
		return pin->text;
	if (!pin->own && !c->binding->pin_letter)
		return "PIN= is the same for every card, and PinLetter=yes does not stand there";
	if (!h->holds)
		return "the policy holds no PUK or key to unblock the card with";
	if (c->record.by_user)
		return "the card was blocked by its own user's wrong PINs";
	if (c->private.letter_wrong >= LETTER_TRIES)
		return "too many wrong ones were presented; p11-latch reset opens it again";
	return NULL;
}

static void
print_row_letter(struct card *c, const struct held *h, FILE *out)
{
	struct origin pin;
	const char *why = why_no_letter(c, h, &pin);

	fputs("  2 the PIN letter, by C_Login: ", out);
	if (why != NULL)
		fprintf(out, "no: %s\n", why);
	else
		fprintf(out, "yes: PIN= of %s%s; %u wrong so far, %d close it\n",
		    c->binding->unblock->file, pin.own ? ", this card's own" : " (PinLetter=yes)",
		    c->private.letter_wrong, LETTER_TRIES);
}

/* Why nothing but the policy's own is tried as PUK; NULL: other values are. */
static const char *
why_no_other(struct card *c, const struct held *h, bool login)
{
	if (h->holds)
		return "the policy holds the PUK or key of this card";
	if (c->private.generation != 0)
		return "the card's PUK is random; only its card manager key is taken, as opening "
		       "its "
		       "box";
	if (c->private.foreign_so)
		return NULL;
	if (c->binding->unblock == NULL)
		return login ? "the binding has no Unblock=" : NULL;
	if (h->origin.have == HAVE_ASKED)
		return NULL;
	if (description_offline(c->binding->unblock) && c->offline != NULL &&
	    c->offline->all.n_boxes == 0)
		return login ? "the card has no tickets: its PUK is taken by C_SetPIN and "
			       "p11-latch unblock alone"
			     : NULL;
	return "the PUK or key is not one that a person is asked for, and it has no value";
}

static const char *
why_not_by_login(struct card *c)
{
	bool known;

	if (c->profile.never_guess)
		return "the profile lets no wrong value be sent";
	if (c->binding->unblock_by_login == CHOICE_NO)
		return "UnblockByLogin=no";
	if (c->profile.so_counter == SO_COUNTER_NONE)
		return NULL;
	if (c->binding->unblock_by_login != CHOICE_YES)
		return "UnblockByLogin=auto, and a wrong one costs the card an SO try";
	if (so_tries_left(c, &known) < 3 || !known)
		return "fewer than three SO tries are known to remain";
	if (c->private.login_wrong != 0)
		return "a wrong one was presented, and nothing right since";
	return NULL;
}

static void
print_row_response(struct card *c, FILE *out)
{
	const struct ticket *next = NULL;
	char text[SPOKEN_TEXT];

	fputs("  3 the response to the challenge of its ticket: ", out);
	if (!offline_possible(c)) {
		fputs("no: with this module no SO PIN unblocks a card\n", out);
		return;
	}
	if (is_present(c) && offline_show(c) == CKR_OK)
		next = c->offline->next;
	if (next != NULL) {
		spoken_write(next->challenge, manager_block(next->cipher), text);
		fprintf(out, "yes, to %s; %u ticket%s left\n", text, c->record.tickets,
		    c->record.tickets == 1 ? "" : "s");
	} else if (is_present(c)) {
		fprintf(out, "no: %s\n",
		    c->record.offline ? "it has no ticket left" : "it has no tickets");
	} else {
		fprintf(
		    out, "not known, the card is not here; it had %u tickets\n", c->record.tickets);
	}
}

static void
print_row_other(struct card *c, const struct held *h, FILE *out)
{
	const char *why = why_no_other(c, h, false);
	unsigned left;
	bool known;

	left = so_tries_left(c, &known);
	fprintf(out, "  4 another value, tried as %s:\n      by C_SetPIN and p11-latch unblock: ",
	    c->binding->unblock != NULL && description_uses_key(c->binding->unblock)
		? "card manager key"
		: "PUK");
	if (why != NULL)
		fprintf(out, "no: %s\n", why);
	else if (left >= SO_TRIES_MANY)
		fputs("yes\n", out);
	else if (left < 2)
		fprintf(out, "no: %s\n",
		    left == 0 ? "the SO PIN is locked"
		    : known   ? "only the last SO try remains; unblock --last-try spends it"
			      : "a wrong one was sent, and nobody knows how many remain; reset "
				"allows it again");
	else
		fprintf(out, "yes, while at least two SO tries remain; %s%u now\n",
		    known ? "" : "not known, taken for ", left);
	why = why_no_other(c, h, true);
	if (why == NULL)
		why = why_not_by_login(c);
	fprintf(
	    out, "      by C_Login: %s%s\n", why == NULL ? "yes" : "no: ", why == NULL ? "" : why);
}

static bool
names_pad(const struct value *v)
{
	return v->kind == VALUE_PIN_PAD || (v->kind == VALUE_DIALOG && v->dialog_auto);
}

static void
print_row_pad(const struct card *c, FILE *out)
{
	const struct description *desc = c->binding->unblock;
	bool so, pin;

	so = desc != NULL && names_pad(description_so(desc));
	pin = desc != NULL && names_pad(&desc->pin);
	if (!so && !pin && !pad_is_there(c))
		return;
	fputs("    typed on the reader's PIN pad, by C_SetPIN without values: ", out);
	if (!so && !pin)
		fputs("no: the Unblock description does not say so\n", out);
	else if (!pad_is_there(c))
		fputs("no: this token shows none\n", out);
	else
		fprintf(out, "yes: %s%s%s\n", so ? "the PUK or key" : "", so && pin ? ", and " : "",
		    pin ? "the new PIN" : "");
}

static void
print_who(const struct card *c, FILE *out)
{
	const struct config *config = c->office->config;

	fputs("Who may\n", out);
	if (config->helper_socket == NULL) {
		fputs("  the helper is spawned: whoever may read the policy may do all of it, and "
		      "who may not read it, nothing\n",
		    out);
		return;
	}
	fprintf(out,
	    "  root and the operators (operators.sock beside %s): all of it\n"
	    "  others: rows 1 to 4, p11-latch challenge and unblock --response, and their own SO "
	    "login and C_InitPIN; not to personalize, block, apply, adopt, forget or reset, and "
	    "not the last row\n",
	    config->helper_socket);
}

void
explain_unblocking(struct card *c, FILE *out)
{
	struct held h;

	find_held(c, &h);
	fprintf(out, "Unblocking, %s\n", card_blocked(c) ? "now" : "once the card is blocked");
	print_row_policy(c, &h, out);
	print_row_letter(c, &h, out);
	print_row_response(c, out);
	print_row_other(c, &h, out);
	print_row_pad(c, out);
	fputs("  - nothing presented (p11-latch unblock, an empty old PIN): ", out);
	if (h.holds) {
		fprintf(out, "yes, for who may use %s of the policy%s\n", h.element,
		    c->binding->unblock_by_login == CHOICE_NO
			? "; not by C_Login (UnblockByLogin=no)"
			: "");
	} else {
		fputs("no: ", out);
		print_why_none(c, &h, out);
		fputc('\n', out);
	}
	print_who(c, out);
}
