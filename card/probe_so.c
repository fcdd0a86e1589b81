/* SPDX-License-Identifier: BSD-3-Clause */
/* Measuring a token: which call unblocks it, with which form of the SO secret. */
#include <string.h>

#include "card/probe_part.h"
#include "policy/key.h"
#include "policy/log.h"

/* Of a card that says nothing of its SO tries. */
#define SO_TRIES_USUAL 3

#define FORMS 2

struct form {
	struct secret *value;
	const char *name; /* of SoForm=; NULL: it tells nothing */
};

static const char *
style_name(enum unblock_style style)
{
	static const char *const names[] = {"init-pin", "set-pin", "puk-pin"};

	return names[style];
}

/* A key goes as its digits or as its bytes, in the order of what the profile says. */
static size_t
forms_of(const struct probe *p, const struct secret *given, struct form forms[FORMS])
{
	struct secret *bytes = NULL, *digits;
	bool raw = p->c->profile.so_form == SO_FORM_RAW;

	memset(forms, 0, FORMS * sizeof(*forms));
	if (key_parse(given, false, &bytes, NULL) != KEY_GOOD) {
		forms[0].value = secret_dup(given);
		return forms[0].value != NULL ? 1 : 0;
	}
	digits = key_digits(given);
	if (digits == NULL) {
		secret_free(&bytes);
		return 0;
	}
	forms[raw ? 1 : 0] = (struct form){digits, "text"};
	forms[raw ? 0 : 1] = (struct form){bytes, "raw"};
	return FORMS;
}

/* So many wrong ones may follow each other, and two tries are left. */
static unsigned
may_be_wrong(const struct probe *p)
{
	unsigned tries = p->c->profile.so_tries != 0 ? p->c->profile.so_tries : SO_TRIES_USUAL;

	if (p->order->expendable)
		return FORMS;
	return tries > 2 ? tries - 2 : 0;
}

static void
learn_from_init(struct probe *p, const struct probe_reply *reply)
{
	probe_found(p, "login with the SO secret", rv_name(reply->login), "in a load of its own");
	if (reply->login == CKR_OK)
		probe_found(p, "C_InitPIN in an SO session", rv_name(reply->rv),
		    "setting the PIN that it has");
}

/* Of the SO PIN, or of the PUK, whichever the call is sent. */
static bool *
spent_by(struct probe *p, enum unblock_style style)
{
	return style == UNBLOCK_BY_INIT_PIN ? &p->spent_so : &p->spent_puk;
}

static bool
accept(struct probe *p, enum unblock_style style, const struct form *form)
{
	*spent_by(p, style) = false;
	if (!probe_give_back(p))
		return false;
	secret_free(&p->so);
	p->so = secret_dup(form->value);
	p->style = style;
	p->has_style = p->so != NULL;
	probe_found(
	    p, "UnblockStyle", style_name(style), "CKR_OK, and the PIN is right in a fresh load");
	if (form->name != NULL && style == UNBLOCK_BY_INIT_PIN)
		probe_found(p, "SoForm", form->name, "the key was taken in this form");
	else
		probe_found(p, "SoForm", NULL, "a card manager key would tell");
	return p->has_style;
}

/* The forms one after the other; true: one of them was taken. */
static bool
try_style(struct probe *p, enum unblock_style style, unsigned wrong_most)
{
	const struct secret *given = p->secrets[PROBE_SO];
	struct form forms[FORMS];
	size_t n = forms_of(p, given, forms), i;
	unsigned wrong = 0;
	bool taken = false;
	const char *why;

	if (style != UNBLOCK_BY_INIT_PIN && n == FORMS)
		n = 1;
	for (i = 0; i < n && !taken && !p->lost; i++) {
		struct probe_reply reply;

		if (probe_forbids(p, style, forms[i].value, &why)) {
			probe_found(p, style_name(style), "not sent", "%s", why);
			continue;
		}
		if (wrong == wrong_most) {
			probe_found(p, "SoForm", NULL,
			    "the first form was refused; the other takes --expendable");
			break;
		}
		probe_count_so(p, true);
		reply = probe_unblock(p, style, forms[i].value);
		if (style == UNBLOCK_BY_INIT_PIN)
			learn_from_init(p, &reply);
		else
			probe_found(p, style_name(style), rv_name(reply.rv), "C_SetPIN logged out");
		if (reply.rv == CKR_OK) {
			probe_count_so(p, false);
			taken = accept(p, style, &forms[i]);
			break;
		}
		if (style == UNBLOCK_BY_INIT_PIN && reply.login == CKR_OK)
			break;
		wrong++;
		*spent_by(p, style) = p->c->profile.so_counter != SO_COUNTER_NONE;
	}
	for (i = 0; i < FORMS; i++)
		secret_free(&forms[i].value);
	return taken;
}

void
probe_so(struct probe *p)
{
	p->style_tried = true;
	if (try_style(p, p->c->profile.unblock_style, may_be_wrong(p)))
		return;
	probe_found(p, "UnblockStyle", NULL, "%s with the value that was given was not accepted",
	    style_name(p->c->profile.unblock_style));
}

/*
 * Each is a wrong PIN to a card that does not know it; both of C_SetPIN are tries of one PUK.
 */
void
probe_other_styles(struct probe *p)
{
	static const enum unblock_style styles[] = {
	    UNBLOCK_BY_SET_PIN, UNBLOCK_BY_PUK_PIN, UNBLOCK_BY_INIT_PIN};
	enum unblock_style first = p->c->profile.unblock_style;
	bool puk_sent = first != UNBLOCK_BY_INIT_PIN;
	size_t i;

	for (i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
		bool puk = styles[i] != UNBLOCK_BY_INIT_PIN;

		if (styles[i] == first || (puk && puk_sent && !p->order->expendable))
			continue;
		if (!probe_give_back(p) || try_style(p, styles[i], 1))
			return;
		puk_sent = puk_sent || puk;
	}
	probe_give_back(p);
	probe_found(p, "UnblockStyle", NULL, "no call was accepted with the value that was given");
}

/* --- A second SO secret -------------------------------------------------------------------------
 */

static CK_RV
change_so(struct probe *p, const struct secret *from, const struct secret *to)
{
	CK_SESSION_HANDLE session;
	CK_RV rv;

	rv = probe_open(p, true, &session);
	if (rv != CKR_OK)
		return rv;
	rv = p->f->C_Login(session, CKU_SO, probe_bytes(from), secret_len(from));
	if (rv == CKR_OK) {
		rv = p->f->C_SetPIN(
		    session, probe_bytes(from), secret_len(from), probe_bytes(to), secret_len(to));
		p->f->C_Logout(session);
	}
	p->f->C_CloseSession(session);
	vendor_stop(p->v);
	return rv == CKR_OK ? probe_login(p, CKU_SO, to).rv : rv;
}

static bool
try_new_so(struct probe *p, const struct form *form)
{
	bool taken;
	CK_RV rv;

	probe_tell(p, "the SO secret is the second one from here on");
	rv = change_so(p, p->so, form->value);
	probe_found(p, "C_SetPIN as SO", rv_name(rv), "to the second SO secret");
	taken = rv == CKR_OK;
	/* Refused, it should be the first one still; whichever it is, it is known. */
	if (!taken)
		rv = probe_login(p, CKU_SO, p->so).rv;
	if (taken || rv != CKR_OK)
		rv = change_so(p, form->value, p->so);
	if (rv != CKR_OK) {
		log_error("%s: the first SO secret could not be set again: %s. The card has the "
			  "second one now: change it by a program of yours",
		    p->c->uri, rv_name(rv));
		p->lost = true;
		return true;
	}
	probe_tell(p, "the SO secret is the first one again");
	if (taken && form->name != NULL)
		probe_found(p, "SoForm", form->name, "the second one, a key, was set in this form");
	return taken;
}

void
probe_new_so(struct probe *p)
{
	struct form forms[FORMS];
	size_t n = forms_of(p, p->secrets[PROBE_NEW_SO], forms), i;
	bool taken = false;

	for (i = 0; i < n && !p->lost && !taken; i++)
		taken = try_new_so(p, &forms[i]);
	if (n == FORMS && !p->lost && !taken)
		probe_found(
		    p, "SoForm", "puk", "a key as the second one was refused in both forms");
	for (i = 0; i < FORMS; i++)
		secret_free(&forms[i].value);
}
