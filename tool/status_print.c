/* SPDX-License-Identifier: BSD-3-Clause */
/* One card's status, for people and as JSON. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "policy/json.h"
#include "policy/spoken.h"
#include "tool/status.h"

static const struct {
	CK_FLAGS flag;
	const char *words;
} flags[] = {
    {CKF_USER_PIN_LOCKED, "PIN locked"},
    {CKF_USER_PIN_FINAL_TRY, "PIN: final try"},
    {CKF_USER_PIN_COUNT_LOW, "PIN: wrong tries"},
    {CKF_USER_PIN_TO_BE_CHANGED, "PIN to be changed"},
    {CKF_SO_PIN_LOCKED, "SO PIN locked"},
    {CKF_SO_PIN_FINAL_TRY, "SO PIN: final try"},
    {CKF_SO_PIN_COUNT_LOW, "SO PIN: wrong tries"},
    {CKF_SO_PIN_TO_BE_CHANGED, "SO PIN to be changed"},
    {CKF_PROTECTED_AUTHENTICATION_PATH, "PIN pad"},
    {CKF_WRITE_PROTECTED, "write-protected"},
};

#define N_FLAGS (sizeof(flags) / sizeof(flags[0]))

static bool
is_initialised(const struct known *k)
{
	return (k->info.flags & CKF_TOKEN_INITIALIZED) != 0;
}

/* Calls fn for each of the card's flags, in words, and counts them. */
static size_t
each_flag(const struct standing *s, void (*fn)(const char *words, size_t n, FILE *out), FILE *out)
{
	const struct known *k = s->known;
	size_t i, n = 0;

	/* What a module says of PINs that are not there is noise. */
	if (!is_initialised(k)) {
		fn("not initialised", n, out);
		return 1;
	}
	if (s->shows_life && (k->info.flags & CKF_USER_PIN_INITIALIZED) == 0)
		fn("no PIN set", n++, out);
	for (i = 0; i < N_FLAGS; i++) {
		if ((k->info.flags & flags[i].flag) != 0)
			fn(flags[i].words, n++, out);
	}
	return n;
}

/* The word for scripts and the first line. */
static const char *
state_word(const struct known *k)
{
	return k->damaged ? "record damaged" : record_state_name(k->record.state);
}

static void
print_first_line(const struct standing *s, FILE *out)
{
	const struct known *k = s->known;
	const struct record *r = &k->record;

	fprintf(out, "%s: ", s->uri);
	if (r->state == RECORD_PERSONALIZING && r->method == METHOD_REFUSE)
		fputs("personalizing, REFUSED BY P11-LATCH ONLY", out);
	else if (r->state == RECORD_PERSONALIZING && !k->present)
		fputs("personalizing, PULLED", out);
	else if (r->state == RECORD_PERSONALIZING && s->watcher == WATCHER_NONE)
		fputs("personalizing, INTERRUPTED", out);
	else if (r->state == RECORD_BLOCKED)
		fprintf(out, "blocked by %s%s", record_method_name(r->method),
		    r->by_user ? " (wrong PINs)" : "");
	else if (r->state == RECORD_NONE && !k->damaged)
		fputs("no record", out);
	else
		fputs(state_word(k), out);
	if (s->reborn)
		fputs(", but initialised anew since", out);
	fputs(k->present ? "\n" : " (not in a reader)\n", out);
}

/* What a person has to know, or do; NULL: nothing. */
static const char *
advice(const struct standing *s)
{
	const struct known *k = s->known;
	const struct record *r = &k->record;

	if (k->damaged)
		return "its record cannot be read; look at it, then run p11-latch adopt or forget";
	if (s->reborn)
		return "the record is of an earlier life of the card, and means nothing any more";
	if (r->state == RECORD_NONE)
		return k->present && is_initialised(k) && (k->info.flags & CKF_USER_PIN_LOCKED) != 0
			   ? "its PIN is locked, though not from here; p11-latch unblock opens it"
			   : NULL;
	if (r->state == RECORD_BLOCKED && k->present && (k->info.flags & CKF_SO_PIN_LOCKED) != 0)
		return "its SO PIN is locked too: nothing unblocks it any more";
	if (r->state != RECORD_PERSONALIZING)
		return r->offline && r->tickets == 0
			   ? "its tickets are used up, or were never made: it needs a desk with "
			     "the card manager key (p11-latch apply)"
			   : NULL;
	if (r->method == METHOD_REFUSE)
		return "the PIN that was set is still the card's; only p11-latch refuses it. "
		       "p11-latch block, or a right PUK presented, ends this";
	if (!k->present)
		return "was pulled from its reader while it was personalized, and its PIN is open; "
		       "it is dealt with when it comes back";
	if (r->ending)
		return "its program has ended, and its watcher is at work";
	if (s->watcher == WATCHER_NONE)
		return "its watcher is gone; p11-latch recover, or the next request, "
		       "deals with it";
	if (s->watcher == WATCHER_UNKNOWN)
		return "a program is at work with it, or was: this user cannot see whether its "
		       "watcher lives";
	return "a program is at work with it; nobody else can log in";
}

static void
time_text(int64_t since, char *text, size_t size)
{
	time_t t = (time_t)since;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL || strftime(text, size, "%Y-%m-%d %H:%M:%S %z", &tm) == 0)
		snprintf(text, size, "%" PRId64 " s after 1970", since);
}

static void
print_flag(const char *words, size_t n, FILE *out)
{
	fprintf(out, "%s%s", n == 0 ? "" : ", ", words);
}

/* As the record has it: the card may have been made anew elsewhere since. */
static void
print_offline(const struct record *r, FILE *out)
{
	unsigned char bytes[SPOKEN_MAX];
	char text[SPOKEN_TEXT];
	size_t size;

	if (!r->offline)
		return;
	size = spoken_read(r->challenge, strlen(r->challenge), bytes, NULL);
	spoken_write(bytes, size, text);
	fprintf(out, "  offline:  %u ticket%s left%s%s\n", r->tickets, r->tickets == 1 ? "" : "s",
	    size != 0 ? ", challenge when last seen: " : "", text);
}

static void
print_present(const struct standing *s, FILE *out)
{
	const struct known *k = s->known;

	if (!k->present)
		return;
	fprintf(out, "  slot:     %lu\n  flags:    ", k->slot);
	fputs(each_flag(s, print_flag, out) == 0 ? "none\n" : "\n", out);
}

static void
print_binding(const struct standing *s, const char *policy_file, FILE *out)
{
	if (s->policy_known && s->binding != NULL)
		fprintf(out, "  binding:  [%s] (%s:%u)\n", s->binding->uri, policy_file,
		    s->binding->line);
	else if (s->policy_known)
		fputs("  binding:  none, p11-latch does nothing with it\n", out);
	if (s->profile != NULL)
		fprintf(out, "  profile:  %s\n", s->profile);
}

void
status_print(const struct standing *s, const char *policy_file, FILE *out)
{
	const struct record *r = &s->known->record;
	const char *what = advice(s);
	char since[80];

	print_first_line(s, out);
	if (r->state != RECORD_NONE) {
		time_text(r->since, since, sizeof(since));
		fprintf(out, "  since:    %s\n", since);
	}
	if (r->why[0] != '\0')
		fprintf(out, "  why:      %s\n", r->why);
	if (what != NULL)
		fprintf(out, "  note:     %s\n", what);
	if (r->hold[0] != '\0')
		fputs("  hold:     under p11-latch personalize\n", out);
	print_offline(r, out);
	print_present(s, out);
	print_binding(s, policy_file, out);
}

/* --- JSON ---------------------------------------------------------------------------------------
 */

static void
member(FILE *out, const char *name, const char *text)
{
	fprintf(out, ", \"%s\": ", name);
	json_string(out, text);
}

static void
member_bool(FILE *out, const char *name, bool value)
{
	fprintf(out, ", \"%s\": %s", name, value ? "true" : "false");
}

static void
print_json_flag(const char *words, size_t n, FILE *out)
{
	fputs(n == 0 ? "" : ", ", out);
	json_string(out, words);
}

static void
print_json_record(const struct record *r, FILE *out)
{
	char iso[40] = "";
	time_t t = (time_t)r->since;
	struct tm tm;

	if (r->state != RECORD_NONE && gmtime_r(&t, &tm) != NULL)
		strftime(iso, sizeof(iso), "%Y-%m-%dT%H:%M:%SZ", &tm);
	member(out, "method", record_method_name(r->method));
	fprintf(out, ", \"sequence\": %" PRIu64, r->sequence);
	member(out, "since", iso[0] != '\0' ? iso : NULL);
	member(out, "why", r->why[0] != '\0' ? r->why : NULL);
	member(out, "hold", r->hold[0] != '\0' ? r->hold : NULL);
	member_bool(out, "ending", r->ending);
	member_bool(out, "by_user", r->by_user);
	if (r->offline)
		fprintf(out, ", \"tickets\": %u", r->tickets);
	else
		fputs(", \"tickets\": null", out);
	member(out, "challenge", r->challenge[0] != '\0' ? r->challenge : NULL);
}

static void
print_json_binding(const struct standing *s, FILE *out)
{
	const struct binding *b = s->binding;

	member_bool(out, "policy_known", s->policy_known);
	member(out, "binding", b != NULL ? b->uri : NULL);
	if (b != NULL)
		fprintf(out, ", \"binding_line\": %u", b->line);
	member(out, "personalize", b != NULL ? b->personalize_path : NULL);
	member(out, "unblock", b != NULL ? b->unblock_path : NULL);
	member(out, "profile", s->profile);
}

void
status_print_json(const struct standing *s, FILE *out)
{
	static const char *const watchers[] = {NULL, "none", "lives"};
	const struct known *k = s->known;

	fputs("{\"uri\": ", out);
	json_string(out, s->uri);
	member(out, "manufacturer", k->id.manufacturer);
	member(out, "model", k->id.model);
	member(out, "serial", k->id.serial);
	member(out, "label", k->id.label);
	member(out, "state", k->damaged ? "damaged" : record_state_name(k->record.state));
	print_json_record(&k->record, out);
	member_bool(out, "new_life", s->reborn);
	member(out, "watcher", watchers[s->watcher]);
	member(out, "note", advice(s));
	member_bool(out, "present", k->present);
	if (k->present) {
		fprintf(out, ", \"slot\": %lu, \"flags\": [", k->slot);
		each_flag(s, print_json_flag, out);
		fputs("]", out);
	}
	print_json_binding(s, out);
	fputs("}", out);
}
