/* SPDX-License-Identifier: BSD-3-Clause */
/* How a token stands when a call comes: who it is, its record, this process's part. */
#include <string.h>
#include <time.h>

#include "module/provider.h"
#include "module/sibling.h"
#include "module/situation.h"
#include "module/slot.h"
#include "module/watch.h"
#include "policy/log.h"

#define ASK_TRIES    5
#define ASK_PAUSE_MS 4

/* --- Who it is
 * ------------------------------------------------------------------------------------- */

static void
trim(char *to, const unsigned char *from, size_t len)
{
	while (len > 0 && (from[len - 1] == ' ' || from[len - 1] == '\0'))
		len--;
	memcpy(to, from, len);
	to[len] = '\0';
}

static const struct profile *
profile_of(const CK_FUNCTION_LIST *v, const struct identity *id)
{
	char manufacturer[33], description[33];
	CK_INFO info;

	if (provider.profile != NULL)
		return provider.profile;
	memset(&info, 0, sizeof(info));
	if (v->C_GetInfo(&info) != CKR_OK)
		memset(&info, 0, sizeof(info));
	trim(manufacturer, info.manufacturerID, sizeof(info.manufacturerID));
	trim(description, info.libraryDescription, sizeof(info.libraryDescription));
	return profile_match(manufacturer, description, id->manufacturer, id->model, id->label);
}

static void
take_info(struct situation *s, const CK_TOKEN_INFO *info)
{
	identity_set(
	    &s->identity, info->label, info->manufacturerID, info->model, info->serialNumber);
	s->token_flags = info->flags;
	s->fresh = true;
}

bool
situation_is_vendors(CK_RV rv)
{
	return rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_TOKEN_NOT_PRESENT ||
	       rv == CKR_DEVICE_REMOVED;
}

static bool
is_gone(CK_RV rv)
{
	return rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_DEVICE_REMOVED;
}

/* CKR_OK, and not a word of who it is: what was written there before the call is no answer. */
static bool
says_nothing(const CK_TOKEN_INFO *info)
{
	return info->label[0] == 0 && info->manufacturerID[0] == 0 && info->model[0] == 0 &&
	       info->serialNumber[0] == 0;
}

/* Modules were seen to give errors that pass, while another process works with the same token. */
static CK_RV
ask_who(const struct situation *s, CK_TOKEN_INFO *info)
{
	const struct timespec pause = {0, ASK_PAUSE_MS * 1000000L};
	CK_RV rv;
	int i;

	for (i = 1;; i++) {
		memset(info, 0, sizeof(*info));
		rv = s->v->C_GetTokenInfo(s->slot->id, info);
		if ((rv == CKR_OK && !says_nothing(info)) || is_gone(rv) || i == ASK_TRIES)
			break;
		nanosleep(&pause, NULL);
	}
	if (rv == CKR_OK && says_nothing(info)) {
		log_error("C_GetTokenInfo answers CKR_OK, but does not say who the token is, and "
			  "the call is not made; if that happens again, its vendor's module is "
			  "broken");
		return CKR_FUNCTION_FAILED;
	}
	if (rv != CKR_OK && !is_gone(rv))
		log_error("C_GetTokenInfo answers 0x%lx: who the token is cannot be seen, and the "
			  "call is not made",
		    rv);
	/* No word about the session that is asked for: the vendor's call is not to say so. */
	return rv == CKR_SESSION_HANDLE_INVALID ? CKR_FUNCTION_FAILED : rv;
}

/* Asks the vendor who is in the slot. */
static CK_RV
look(struct situation *s)
{
	CK_TOKEN_INFO info;
	unsigned long opened;
	struct identity before;
	CK_RV rv;

	(void)slot_known(s->process, s->slot, &before, &s->profile, &opened);
	rv = ask_who(s, &info);
	if (rv != CKR_OK)
		return rv;
	take_info(s, &info);
	s->profile = profile_of(s->v, &s->identity);
	slot_learn(s->process, s->slot, &s->identity, s->profile, opened);
	return CKR_OK;
}

void
situation_refresh(struct situation *s)
{
	CK_TOKEN_INFO info = {0};

	if (s->fresh || s->v->C_GetTokenInfo(s->slot->id, &info) != CKR_OK)
		return;
	if (says_nothing(&info))
		return;
	s->token_flags = info.flags;
	s->fresh = true;
}

/* --- Its record
 * ------------------------------------------------------------------------------------ */

static bool
under_hold(const struct record *r)
{
	return r->hold[0] != '\0' && strcmp(r->hold, provider.hold) == 0;
}

/* By the token's slot id, or by another one that is the same card. */
static bool
is_held(const struct situation *s, CK_SLOT_ID id)
{
	struct slot *holder;

	if (s->slot != NULL && slot_holding(s->process, s->slot))
		return true;
	holder = sibling_holder(s->process, s->v, id);
	if (holder == NULL)
		return false;
	watch_check(s->process, s->v, holder);
	return slot_holding(s->process, holder);
}

static enum standing
standing_of(const struct situation *s, CK_SLOT_ID id)
{
	switch (s->record.state) {
	case RECORD_NONE:
		break;
	case RECORD_ACTIVE:
		return STANDING_ACTIVE;
	case RECORD_BLOCKED:
		return STANDING_BLOCKED;
	case RECORD_PERSONALIZING:
		return under_hold(&s->record) || is_held(s, id) ? STANDING_OURS : STANDING_OTHERS;
	}
	return STANDING_NONE;
}

static enum record_status
read_record(struct situation *s)
{
	return record_read(
	    provider.config->state_dir, &s->identity, s->profile->label_identity, &s->record);
}

/* With fresh flags. A record of the card's last life says nothing of this one. */
static void
judge(struct situation *s, CK_SLOT_ID id, enum record_status status)
{
	s->standing = STANDING_UNKNOWN;
	if (status == RECORD_BAD)
		return;
	if (s->profile->shows_life && s->fresh && (s->token_flags & CKF_USER_PIN_INITIALIZED) == 0)
		memset(&s->record, 0, sizeof(s->record));
	s->standing = standing_of(s, id);
	s->stale = s->standing != STANDING_NONE && s->profile->caches &&
		   s->record.sequence > process_sequence() &&
		   (s->slot == NULL || s->record.sequence != slot_sequence(s->process, s->slot));
}

/* Where nothing is held the watcher's socket is none. */
static void
check_watcher(struct situation *s)
{
	if (s->slot != NULL && process_holds(s->process))
		s->died = slot_check_watcher(s->process, s->slot);
}

/* A record of the card's last life would be void, and the login the vendor's as well. */
static bool
is_vendors_login(const struct situation *s, enum record_status status)
{
	return status != RECORD_BAD && s->record.state == RECORD_ACTIVE &&
	       !(s->profile->caches && s->record.sequence > process_sequence());
}

static CK_RV
find_out(struct situation *s, const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session, bool login)
{
	enum record_status status;
	struct identity known;
	unsigned long opened;
	CK_RV rv;

	memset(s, 0, sizeof(*s));
	s->v = v;
	s->process = process_get();
	if (s->process == NULL)
		return CKR_HOST_MEMORY;
	s->slot = slot_of_session(s->process, v, session);
	if (s->slot == NULL)
		return CKR_SESSION_HANDLE_INVALID;
	check_watcher(s);
	if (!slot_known(s->process, s->slot, &s->identity, &s->profile, &opened)) {
		rv = look(s);
		if (rv != CKR_OK)
			return rv;
	}
	status = read_record(s);
	if (status != RECORD_ABSENT && !s->fresh && !(login && is_vendors_login(s, status))) {
		/* Now that it matters, the card itself is asked again: it may be another one. */
		known = s->identity;
		rv = look(s);
		if (rv != CKR_OK)
			return rv;
		if (!identity_equal(&known, &s->identity, true))
			status = read_record(s);
	}
	judge(s, s->slot->id, status);
	if (s->standing != STANDING_NONE)
		identity_uri(&s->identity, s->uri);
	return CKR_OK;
}

CK_RV
situation_of_session(struct situation *s, const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session)
{
	return find_out(s, v, session, false);
}

CK_RV
situation_of_login(struct situation *s, const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session)
{
	return find_out(s, v, session, true);
}

void
situation_of_info(
    struct situation *s, const CK_FUNCTION_LIST *v, CK_SLOT_ID id, const CK_TOKEN_INFO *info)
{
	memset(s, 0, sizeof(*s));
	s->v = v;
	s->standing = STANDING_UNKNOWN;
	s->process = process_get();
	if (s->process == NULL)
		return;
	if (process_holds(s->process))
		s->slot = slot_find(s->process, id);
	check_watcher(s);
	take_info(s, info);
	s->profile = profile_of(v, &s->identity);
	judge(s, id, read_record(s));
}

/* --- Asking
 * ---------------------------------------------------------------------------------------- */

void
situation_request(struct situation *s, struct wire *w, enum wire_type type, uint32_t flags)
{
	unsigned char wire[IDENTITY_WIRE_LEN];

	if (s->stale)
		flags |= WIRE_FLAG_STALE;
	if (s->fresh && (s->token_flags & CKF_USER_PIN_LOCKED) != 0)
		flags |= WIRE_FLAG_LOCKED;
	if (slot_r_login(s->process, s->slot))
		flags |= WIRE_FLAG_R_LOGIN;
	identity_pack(&s->identity, wire);
	wire_begin(w, type);
	wire_put(w, WIRE_IDENTITY, wire, sizeof(wire));
	wire_put_u32(w, WIRE_FLAGS, flags);
	if (s->profile != NULL)
		wire_put(w, WIRE_PROFILE, s->profile->name, strlen(s->profile->name));
	if (s->fresh)
		wire_put_u32(w, WIRE_TOKEN_FLAGS, (uint32_t)s->token_flags);
	identity_uri(&s->identity, s->uri);
}

static void
note_sequence(struct situation *s, const struct answer *a)
{
	if (a->sequence != 0)
		slot_set_sequence(s->process, s->slot, a->sequence);
}

int
situation_limit(const struct situation *s, int limit_ms)
{
	unsigned call = provider.config->call_timeout;

	if (call > CALL_TIMEOUT_S)
		limit_ms += 2000 * (int)(call - CALL_TIMEOUT_S);
	if (s->fresh && (s->token_flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0)
		limit_ms += CLIENT_PAD_MS;
	return limit_ms;
}

bool
situation_ask(
    struct situation *s, struct wire *w, struct client *c, const char *call, struct answer *a)
{
	if (!client_open(c, call)) {
		wire_end(w);
		return false;
	}
	if (!client_ask(c, w, situation_limit(s, CLIENT_LIMIT_MS), call, s->uri, a)) {
		client_close(c);
		return false;
	}
	note_sequence(s, a);
	return true;
}

bool
situation_result(
    struct situation *s, struct client *c, CK_RV rv, const char *call, struct answer *a)
{
	struct wire w;

	wire_begin(&w, WIRE_RESULT);
	wire_put_rv(&w, WIRE_RV, rv);
	if (!client_ask(c, &w, situation_limit(s, CLIENT_LIMIT_MS), call, s->uri, a))
		return false;
	note_sequence(s, a);
	return true;
}

static void
settle(struct situation *s, struct wire *w)
{
	static const char call[] = "settling what the watcher left";
	struct client c;
	struct answer a;

	if (!situation_ask(s, w, &c, call, &a))
		return;
	if (a.verdict != WIRE_DONE || a.rv != CKR_OK)
		log_warning("%s: not settled (0x%lx); see p11-latch status", s->uri, a.rv);
	answer_end(&a);
	client_close(&c);
}

void
situation_settle(struct situation *s)
{
	struct wire w;

	situation_request(s, &w, WIRE_RELEASE, 0);
	settle(s, &w);
}

void
situation_settle_after(struct situation *s, CK_RV rv, uint32_t flags)
{
	struct wire w;

	situation_request(s, &w, WIRE_RELEASE, flags);
	wire_put_rv(&w, WIRE_RV, rv);
	settle(s, &w);
}

void
situation_log_stale(const struct situation *s, const char *call)
{
	log_error("%s, %s: another process changed the PIN after this program called C_Initialize, "
		  "and its "
		  "vendor module still has the old one; restart this program",
	    call, s->uri);
}
