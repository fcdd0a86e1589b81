/* SPDX-License-Identifier: BSD-3-Clause */
/* Measuring a token: what the user PIN does, right, wrong, and wrong until it locks. */
#include <stdio.h>
#include <string.h>

#include "card/probe_part.h"
#include "policy/log.h"

#define WRONG_MOST   32
#define OBJECTS_MOST 10000

static size_t
count_objects(struct probe *p, CK_SESSION_HANDLE session)
{
	CK_OBJECT_HANDLE objects[64];
	CK_ULONG n;
	size_t count = 0;

	if (p->f->C_FindObjectsInit(session, NULL, 0) != CKR_OK)
		return 0;
	while (count < OBJECTS_MOST && p->f->C_FindObjects(session, objects, 64, &n) == CKR_OK &&
	       n > 0 && n <= 64)
		count += n;
	p->f->C_FindObjectsFinal(session);
	return count;
}

static bool
has_letters(const struct secret *pin)
{
	size_t i;

	for (i = 0; i < secret_len(pin); i++) {
		if (secret_bytes(pin)[i] < '0' || secret_bytes(pin)[i] > '9')
			return true;
	}
	return false;
}

static void
learn_from_right(struct probe *p)
{
	const struct secret *pin = p->secrets[PROBE_PIN];
	const struct profile *row = profile_named(p->r->row);
	char value[16];

	if ((p->found & CKF_USER_PIN_INITIALIZED) == 0)
		probe_found(p, "ShowsLife", "false",
		    "the PIN is right, and CKF_USER_PIN_INITIALIZED is clear");
	else
		probe_found(p, "ShowsLife", NULL,
		    "CKF_USER_PIN_INITIALIZED is set; whether C_InitToken clears it was not seen");
	if (has_letters(pin))
		probe_found(p, "PinDigits", "false", "the PIN has other characters");
	else
		probe_found(p, "PinDigits", NULL,
		    "the PIN is of digits; a second one with letters would tell");
	if (secret_len(pin) < row->pin_min) {
		snprintf(value, sizeof(value), "%zu", secret_len(pin));
		probe_found(p, "PinMin", value, "the PIN is that long, and right");
	}
}

CK_RV
probe_objects(struct probe *p, size_t *n)
{
	const struct secret *pin = p->secrets[PROBE_PIN];
	CK_SESSION_HANDLE session;
	CK_RV rv;

	rv = probe_open(p, false, &session);
	if (rv != CKR_OK)
		return rv;
	rv = p->f->C_Login(session, CKU_USER, probe_bytes(pin), secret_len(pin));
	if (rv == CKR_OK) {
		*n = count_objects(p, session);
		p->f->C_Logout(session);
	}
	p->f->C_CloseSession(session);
	vendor_stop(p->v);
	return rv;
}

void
probe_pin(struct probe *p)
{
	CK_RV rv = probe_objects(p, &p->objects);

	p->pin_right = rv == CKR_OK;
	probe_found(p, "login with the PIN", rv_name(rv), "in a load of its own");
	if (p->pin_right)
		learn_from_right(p);
	else
		log_error("%s: the PIN that was given is refused: %s; nothing more is sent as PIN",
		    p->c->uri, rv_name(rv));
}

/* False: it cannot be drawn, or it was right, which no card does; nothing is to be learnt. */
static bool
send_wrong(struct probe *p, struct probe_reply *reply)
{
	struct secret *wrong = probe_wrong(p, p->secrets[PROBE_PIN]);

	if (wrong == NULL)
		return false;
	*reply = probe_login(p, CKU_USER, wrong);
	secret_free(&wrong);
	if (reply->rv == CKR_OK)
		probe_found(p, "login with a wrong PIN", "CKR_OK", "C_Login takes any PIN");
	return reply->rv != CKR_OK && !p->lost;
}

void
probe_wrong_pin(struct probe *p)
{
	struct probe_reply reply;
	bool sent;

	if (!probe_give_back(p))
		return;
	sent = send_wrong(p, &reply);
	if (!probe_give_back(p) || !sent)
		return;
	p->shows_first = (reply.fresh & USER_FLAGS) != 0;
	probe_found(p, "login with a wrong PIN", rv_name(reply.rv), "one");
	probe_found(p, "user flags after one wrong PIN", probe_flags(reply.fresh, false),
	    "in a fresh load; in the same load: %s", probe_flags(reply.same, false));
	if ((reply.fresh & (CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)) != 0)
		probe_found(p, "UserCounter", "true", "%s after one wrong PIN",
		    probe_flags(reply.fresh, false));
	else
		probe_found(p, "UserCounter", NULL,
		    "flags after one wrong PIN: %s; whether more lock it takes --expendable",
		    probe_flags(reply.fresh, false));
}

/* One character, or one less than the token says that it takes. */
void
probe_short_pin(struct probe *p)
{
	size_t min = p->info.ulMinPinLen, len = min > 1 && min <= 16 ? min - 1 : 1;
	struct secret *wrong = probe_wrong(p, p->secrets[PROBE_PIN]);
	struct probe_reply reply;

	if (wrong == NULL || secret_len(wrong) <= len) {
		secret_free(&wrong);
		return;
	}
	secret_truncate(wrong, len);
	reply = probe_login(p, CKU_USER, wrong);
	secret_free(&wrong);
	if (!probe_give_back(p))
		return;
	probe_found(p, "login with a short PIN", rv_name(reply.rv), "of %zu characters", len);
	if (!p->shows_first)
		probe_found(p, "short PIN counts", NULL, "no flag shows the first wrong PIN");
	else
		probe_found(p, "short PIN counts", (reply.fresh & USER_FLAGS) != 0 ? "yes" : "no",
		    "user flags after it: %s", probe_flags(reply.fresh, false));
}

/* --- Until it locks -----------------------------------------------------------------------------
 */

/* The number of wrong PINs that were sent; *locked: the last answer or a flag says so. */
static unsigned
send_many(struct probe *p, struct probe_reply *reply, bool *locked)
{
	unsigned n;

	*locked = false;
	for (n = 0; n < WRONG_MOST && !*locked;) {
		if (!send_wrong(p, reply))
			break;
		n++;
		*locked = reply->rv == CKR_PIN_LOCKED ||
			  ((reply->fresh | reply->same) & CKF_USER_PIN_LOCKED) != 0;
		if (n == 2)
			probe_found(p, "user flags after two wrong PINs",
			    probe_flags(reply->fresh, false), "in a fresh load; in the same: %s",
			    probe_flags(reply->same, false));
	}
	return n;
}

static void
does_not_lock(struct probe *p, unsigned n)
{
	probe_found(
	    p, "UserCounter", "false", "%u wrong PINs, one after the other, lock nothing", n);
	probe_found(p, "Block", "scramble", "wrong PINs do not lock it");
	probe_found(p, "ShowsLock", NULL, "it does not lock");
}

static void
unlock(struct probe *p)
{
	struct probe_reply reply = probe_unblock(p, p->style, p->so);

	if (reply.rv == CKR_OK && probe_give_back(p)) {
		probe_found(p, "Block", "lock", "it locks, and the unblock call opened it again");
		probe_found(p, "unblocked after a lock", "CKR_OK", "and the PIN is right again");
		return;
	}
	probe_found(p, "unblocked after a lock", rv_name(reply.rv),
	    "the unblock call, which was accepted before");
	probe_found(p, "Block", "scramble", "once locked, it was not to be opened again");
	log_error("%s: THE CARD IS LOCKED, and its unblock call answers %s; unblock it by the "
		  "means of its vendor",
	    p->c->uri, rv_name(reply.rv));
	p->lost = true;
}

void
probe_lock(struct probe *p)
{
	struct probe_reply reply = {.rv = CKR_OK}, right;
	CK_FLAGS elsewhere;
	bool locked;
	unsigned n = send_many(p, &reply, &locked);

	if (p->lost || n == 0)
		return;
	right = probe_login(p, CKU_USER, p->secrets[PROBE_PIN]);
	if (right.rv == CKR_OK) {
		if (n == WRONG_MOST)
			does_not_lock(p, n);
		return;
	}
	elsewhere = probe_look_elsewhere(p);
	probe_found(p, "UserCounter", "true", "after %u wrong PINs the right one answers %s", n,
	    rv_name(right.rv));
	probe_found(p, "the last wrong PIN before it is locked", rv_name(reply.rv), "number %u", n);
	probe_found(p, "the right PIN when locked", rv_name(right.rv), "in a fresh load");
	probe_found(p, "user flags when locked", probe_flags(elsewhere, false),
	    "in a new process; in the load of the last wrong PIN: %s",
	    probe_flags(reply.same, false));
	probe_found(p, "ShowsLock", (elsewhere & CKF_USER_PIN_LOCKED) != 0 ? "true" : "false",
	    "a new process sees %s", probe_flags(elsewhere, false));
	unlock(p);
}
