/* SPDX-License-Identifier: BSD-3-Clause */
/* What is done to a card with its SO secret: setting the PIN, changing the secret, proving it. */
#include <string.h>

#include "card/pin_part.h"
#include "policy/log.h"

#define REPEATS 10 /* of what another process made be lost */
#define LOOKS   3

struct job {
	const struct so *so, *new_so;
	const struct secret *pin;
	bool proved; /* so was right, before or in a call of this job */
	bool sent;   /* new_so went to the card */
};

/* A person types one of them on the reader, and is not asked a second time for what failed. */
static bool
is_on_pad(const struct job *job)
{
	return job->so->pad || (job->new_so == NULL && job->pin == NULL);
}

/* --- SO login, and C_InitPIN or C_SetPIN --------------------------------------------------------
 */

static bool
login_proves(const struct card *c, const struct so *so)
{
	return c->profile.so_login_proves || (so->key && c->profile.so_form == SO_FORM_KEY);
}

static bool
proves_unchanged(const struct card *c, CK_RV rv)
{
	return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED || pin_unchanged(c, rv);
}

static CK_RV
set_so(struct work *w, CK_SESSION_HANDLE session, struct job *job)
{
	bool changed = w->card->so_changed;
	CK_RV rv;

	job->sent = true;
	w->card->so_changed = true;
	rv = w->f->C_SetPIN(session, pin_bytes(job->so->pin), pin_length(job->so->pin),
	    pin_bytes(job->new_so->pin), pin_length(job->new_so->pin));
	if (proves_unchanged(w->card, rv))
		w->card->so_changed = changed;
	return rv;
}

static CK_RV
init_pin(struct work *w, CK_SESSION_HANDLE session, const struct job *job)
{
	bool changed = w->card->changed;
	CK_RV rv;

	w->card->changed = true;
	w->card->pin_sent = true;
	rv = w->f->C_InitPIN(session, pin_bytes(job->pin), pin_length(job->pin));
	if (proves_unchanged(w->card, rv))
		w->card->changed = changed;
	/* No word on an SO secret that has just been proved, and there is no other PIN that could
	 * be wrong. */
	if (rv == CKR_PIN_INCORRECT && w->card->so_try == SO_PROVED)
		rv = CKR_FUNCTION_FAILED;
	return rv;
}

static CK_RV
as_so(struct work *w, void *arg)
{
	struct job *job = arg;
	CK_SESSION_HANDLE session;
	CK_RV rv;

	w->card->so_lost = false;
	rv = pin_open_session(w, true, &session);
	if (rv != CKR_OK)
		return rv;
	rv = pin_send_login(w, session, CKU_SO, job->so->pin);
	if (rv == CKR_OK) {
		job->proved = job->proved || login_proves(w->card, job->so);
		rv = job->new_so != NULL ? set_so(w, session, job) : init_pin(w, session, job);
		w->card->so_lost = rv == CKR_USER_NOT_LOGGED_IN ||
				   rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED;
		/* Where C_Login proves nothing, this was the try. */
		job->proved = job->proved || rv == CKR_OK;
		if (rv == CKR_OK)
			w->card->so_try = SO_PROVED;
		else if (w->card->so_try == SO_SENT)
			w->spent = SO_COUNT_FLAGS;
		if (pin_cancelled(w->card, rv))
			w->card->so_try = SO_NOT_SENT;
		w->f->C_Logout(session);
	}
	w->asked = is_on_pad(job);
	w->f->C_CloseSession(session);
	return rv;
}

/* --- C_SetPIN without a login -------------------------------------------------------------------
 */

/* The value as the module wants it; to be freed. NULL: no memory. */
static struct secret *
dressed(const struct card *c, const char *prefix, const struct secret *value)
{
	size_t n = c->profile.unblock_style == UNBLOCK_BY_PUK_PIN ? strlen(prefix) : 0;
	struct secret *s = secret_alloc(n + secret_len(value));

	if (s == NULL)
		return NULL;
	memcpy(secret_data(s), prefix, n);
	memcpy(secret_data(s) + n, secret_bytes(value), secret_len(value));
	return s;
}

/* Notes in the card what may be another from now on: the PUK, or the PIN. */
static bool *
changes(struct card *c, const struct job *job)
{
	return job->new_so != NULL ? &c->so_changed : &c->changed;
}

/* The PUK, and what it is to set: a PIN, or with ykcs11 another PUK. */
static CK_RV
send_puk(struct work *w, CK_SESSION_HANDLE session, const struct job *job)
{
	struct card *c = w->card;
	struct secret *puk = job->so->pad ? NULL : dressed(c, "puk:", job->so->pin);
	struct secret *set = job->new_so != NULL ? dressed(c, "puk:", job->new_so->pin)
			     : job->pin == NULL  ? NULL
						 : dressed(c, "pin:", job->pin);
	bool *changed = changes(c, job), before = *changed;
	CK_RV rv = CKR_HOST_MEMORY;

	if ((puk == NULL && !job->so->pad) ||
	    (set == NULL && (job->pin != NULL || job->new_so != NULL)))
		goto out;
	*changed = true;
	c->so_try = c->profile.so_counter != SO_COUNTER_NONE ? SO_SENT : SO_NOT_SENT;
	rv = w->f->C_SetPIN(
	    session, pin_bytes(puk), pin_length(puk), pin_bytes(set), pin_length(set));
	if (proves_unchanged(c, rv))
		*changed = before;
	if (pin_cancelled(c, rv))
		c->so_try = SO_NOT_SENT;
	if (rv != CKR_OK && c->so_try == SO_SENT)
		w->spent = SO_COUNT_FLAGS;
	w->asked = is_on_pad(job);
out:
	secret_free(&puk);
	secret_free(&set);
	return rv;
}

static CK_RV
logged_out(struct work *w, void *arg)
{
	CK_SESSION_HANDLE session;
	CK_RV rv;

	rv = pin_open_session(w, true, &session);
	if (rv != CKR_OK)
		return rv;
	rv = send_puk(w, session, arg);
	w->f->C_CloseSession(session);
	return rv;
}

/*
 * Cards join PUK and new PIN without a boundary (ISO 7816-4, RESET RETRY COUNTER): with a PUK that
 * is too short or too long by some characters they took the rest of it, or of the PIN, for theirs.
 */
static CK_RV
joined(struct card *c)
{
	log_error("%s: took the value as PUK, but its PIN is not the one that was to be set: the "
		  "value is longer or shorter than the card's PUK; the card is locked again",
	    c->uri);
	if (pin_lock(c) == CKR_OK)
		c->changed = false;
	/* The card took it for right: no try is lost. */
	c->so_try = SO_NOT_SENT;
	return CKR_PIN_INCORRECT;
}

/*
 * Whether a PIN that was typed on the reader is in force, as far as it can be seen without having
 * it typed once more.
 */
static CK_RV
seen_open(struct card *c)
{
	CK_RV rv = card_peek(c);

	if (rv == CKR_OK && (c->info.flags & CKF_USER_PIN_LOCKED) != 0) {
		log_error("%s: its module says that the PIN was set, but it is locked", c->uri);
		return CKR_FUNCTION_FAILED;
	}
	return rv;
}

static CK_RV
unblock_logged_out(struct card *c, const struct job *job)
{
	CK_RV rv;

	if (is_on_pad(job) && c->profile.unblock_style == UNBLOCK_BY_PUK_PIN) {
		log_error("%s: this module takes no PUK and no PIN from a PIN pad", c->uri);
		return CKR_FUNCTION_FAILED;
	}
	rv = card_work(c, logged_out, (void *)(uintptr_t)job);
	/* OpenSC 0.23 sends no PUK that is shorter or longer than the card's may be. */
	if (rv == CKR_PIN_LEN_RANGE)
		c->so_try = SO_NOT_SENT;
	if (rv != CKR_OK)
		return rv;
	rv = job->pin == NULL ? seen_open(c) : pin_stays_by(c, work_login_user, job->pin, LOOKS);
	if (rv == CKR_OK)
		c->so_try = SO_PROVED;
	return rv == CKR_PIN_INCORRECT ? joined(c) : rv;
}

/* ykcs11 changes a PUK by itself; the same in its place proves it. */
static CK_RV
change_puk(struct card *c, const struct so *old, const struct so *new)
{
	struct job job = {.so = old, .new_so = new};
	CK_RV rv;

	if (c->profile.unblock_style != UNBLOCK_BY_PUK_PIN || old->pad || new->pad)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = card_work(c, logged_out, &job);
	if (rv == CKR_OK)
		c->so_try = SO_PROVED;
	return rv;
}

/* --- What card/pin.h promises -------------------------------------------------------------------
 */

/* Where what was undone shows by a wrong value that the token counts, it is seen once only. */
static unsigned
repeats(const struct card *c)
{
	return c->profile.never_guess ? 1 : REPEATS;
}

/*
 * An error of C_InitPIN's says little: whether the PIN is in force the card is asked, where a wrong
 * one costs its user nothing.
 */
static CK_RV
in_force_all_the_same(struct card *c, const struct secret *pin, CK_RV answer)
{
	bool costs = c->profile.user_counter && c->record.state != RECORD_BLOCKED;

	if (!c->pin_sent || pin == NULL || costs || c->profile.never_guess ||
	    pin_stays_by(c, work_login_user, pin, LOOKS) != CKR_OK)
		return answer;
	log_warning("%s: C_InitPIN answered %s, but the PIN is in force", c->uri, rv_name(answer));
	c->changed = true;
	return CKR_OK;
}

CK_RV
pin_init(struct card *c, const struct so *so, const struct secret *pin)
{
	struct job job = {.so = so, .pin = pin};
	unsigned i;
	CK_RV rv;

	c->pin_sent = false;
	if (c->profile.unblock_style != UNBLOCK_BY_INIT_PIN)
		return unblock_logged_out(c, &job);
	for (i = 0; i < repeats(c); i++) {
		rv = card_work(c, as_so, &job);
		if (rv != CKR_OK)
			return so->pad ? rv : in_force_all_the_same(c, pin, rv);
		if (pin == NULL)
			return seen_open(c);
		rv = pin_stays_by(c, work_login_user, pin, LOOKS);
		if (so->pad && rv != CKR_OK)
			return CKR_FUNCTION_FAILED;
		if (rv != CKR_PIN_INCORRECT && rv != CKR_PIN_LOCKED)
			return rv;
		log_warning("%s: another process undid C_InitPIN; again", c->uri);
	}
	log_error(
	    "%s: C_InitPIN says CKR_OK, but the PIN does not stay: another program keeps working "
	    "with this token; end it and try again",
	    c->uri);
	return CKR_FUNCTION_FAILED;
}

bool
pin_takes_no_same(CK_RV rv)
{
	return rv == CKR_FUNCTION_NOT_SUPPORTED || rv == CKR_ARGUMENTS_BAD ||
	       rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE || rv == CKR_DATA_INVALID ||
	       rv == CKR_DATA_LEN_RANGE;
}

/* *sent: it was presented together with itself, and the answer is one to that. */
static CK_RV
prove(struct card *c, const struct so *so, bool *sent)
{
	struct job job = {.so = so, .new_so = so};
	bool changed = c->so_changed;
	CK_RV rv;

	*sent = false;
	if (login_proves(c, so))
		return card_work(c, work_login_so, so->pin);
	rv = so_logs_in(c, so) ? card_work(c, as_so, &job) : change_puk(c, so, so);
	*sent = job.sent;
	c->so_changed = changed;
	return rv;
}

CK_RV
pin_prove_so(struct card *c, const struct so *so)
{
	bool sent;

	return prove(c, so, &sent);
}

CK_RV
pin_try_so(struct card *c, const struct so *so, enum so_via via)
{
	CK_RV rv = so_begin_try(c, so, via);

	if (rv != CKR_OK)
		return rv;
	rv = pin_prove_so(c, so);
	return so_tried(c, via, rv) ? rv : CKR_FUNCTION_FAILED;
}

/* Whether what C_SetPIN as SO said CKR_OK to shows in a new load. */
static CK_RV
so_stays(struct card *c, const struct so *new)
{
	CK_RV rv;

	if (login_proves(c, new))
		return pin_stays_by(c, work_login_so, new->pin, LOOKS);
	rv = pin_prove_so(c, new);
	/* It says so of the right one: a moment ago it took this one. */
	return pin_takes_no_same(rv) ? CKR_OK : rv;
}

/* *doubtful: the answer is no word against it, nor for it. */
static CK_RV
ask(struct card *c, const struct so *so, bool *doubtful)
{
	bool sent;
	CK_RV rv = prove(c, so, &sent);

	*doubtful = rv != CKR_OK && rv != CKR_PIN_INCORRECT && rv != CKR_PIN_LOCKED &&
		    !(sent && pin_takes_no_same(rv));
	return rv;
}

/*
 * An error of C_SetPIN's says little, too, and the refusal of a new one may be a false answer:
 * whether the old one is still right costs no try where it is so. Whoever is not sure finds out
 * about the new one. Of one that stands nowhere else any doubt is enough.
 */
static void
doubt_unchanged(struct card *c, const struct job *job)
{
	bool doubtful;
	CK_RV rv;

	if (!job->proved || !job->sent || job->so->pad || c->so_changed)
		return;
	rv = ask(c, job->so, &doubtful);
	c->so_changed = rv == CKR_PIN_INCORRECT || (doubtful && !job->new_so->policy);
	if (rv == CKR_PIN_INCORRECT && so_unblocks(c, job->so))
		so_spent(c);
}

/* What was right is refused: after a change that was disturbed the new one is in force. */
static CK_RV
instead_of(struct card *c, const struct so *new)
{
	CK_RV rv = ask(c, new, &c->so_changed);

	return rv == CKR_OK ? CKR_OK : CKR_PIN_INCORRECT;
}

static CK_RV
change_logged_in(struct card *c, struct job *job)
{
	CK_RV rv = CKR_FUNCTION_FAILED;
	unsigned i;

	for (i = 0; i < repeats(c); i++) {
		rv = card_work(c, as_so, job);
		if (rv == CKR_PIN_INCORRECT && job->proved && job->sent)
			return instead_of(c, job->new_so);
		if (rv != CKR_OK)
			break;
		rv = so_stays(c, job->new_so);
		if (rv == CKR_OK || rv == CKR_PIN_INCORRECT)
			c->so_changed = false;
		if (rv != CKR_PIN_INCORRECT)
			return rv;
		log_warning("%s: another process undid C_SetPIN as SO; again", c->uri);
		rv = CKR_FUNCTION_FAILED;
	}
	doubt_unchanged(c, job);
	return rv;
}

CK_RV
pin_change_so(struct card *c, const struct so *old, const struct so *new)
{
	bool proved = c->so_try == SO_PROVED && so_unblocks(c, old);
	struct job job = {.so = old, .new_so = new, .proved = proved};
	CK_RV rv;

	if (so_logs_in(c, old))
		return change_logged_in(c, &job);
	rv = change_puk(c, old, new);
	if (rv == CKR_OK) {
		rv = pin_prove_so(c, new);
		c->so_changed = rv != CKR_OK && rv != CKR_PIN_INCORRECT;
	}
	return rv;
}
