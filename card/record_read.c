/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading the public record and the sequence number; libc only, since the module links it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card/record.h"
#include "policy/ini.h"
#include "policy/log.h"

#define SECTION      "Record"
#define NUMBER_MAX   20 /* digits of 2^64 - 1 */
#define SEQUENCE_MAX 32 /* bytes of the file of the sequence number */

static const char *const state_names[] = {"none", "personalizing", "blocked", "active"};
static const char *const method_names[] = {"none", "lock", "scramble", "refuse"};

const char *
record_state_name(enum record_state s)
{
	return state_names[s];
}

const char *
record_method_name(enum record_method m)
{
	return method_names[m];
}

/* --- Values
 * --------------------------------------------------------------------------------------- */

static bool
parse_name(const char *value, const char *const names[4], unsigned *index)
{
	for (*index = 0; *index < 4; ++*index)
		if (strcmp(value, names[*index]) == 0)
			return true;
	return false;
}

static bool
parse_number(const char *value, uint64_t *number)
{
	size_t len = strspn(value, "0123456789");

	if (len == 0 || len > NUMBER_MAX || value[len] != '\0')
		return false;
	errno = 0;
	*number = strtoull(value, NULL, 10);
	return errno == 0;
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static bool
parse_token(const char *value, struct identity *id)
{
	unsigned char wire[IDENTITY_WIRE_LEN];
	size_t i;

	if (strlen(value) != 2 * sizeof(wire))
		return false;
	for (i = 0; i < sizeof(wire); i++) {
		int high = hex_digit(value[2 * i]), low = hex_digit(value[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		wire[i] = (unsigned char)(high << 4 | low);
	}
	identity_unpack(id, wire);
	return true;
}

/* --- The record
 * ----------------------------------------------------------------------------------- */

static const char *
value_of(const struct ini_section *s, const char *name)
{
	const struct ini_entry *e = ini_entry(s, name);

	return e != NULL ? e->value : NULL;
}

static bool
parse_flag(const struct ini_section *s, const char *name, bool *flag)
{
	const char *value = value_of(s, name);

	*flag = value != NULL;
	return value == NULL || strcmp(value, "true") == 0;
}

static bool
parse_offline(const struct ini_section *s, struct record *r)
{
	const char *tickets = value_of(s, "Tickets"), *challenge = value_of(s, "Challenge");
	uint64_t number;
	size_t len;

	if (tickets != NULL) {
		if (!parse_number(tickets, &number) || number > RECORD_TICKETS)
			return false;
		r->offline = true;
		r->tickets = (unsigned)number;
	}
	if (challenge != NULL) {
		len = strspn(challenge, "0123456789ABCDEF");
		if ((len != CHALLENGE_TEXT / 2 && len != CHALLENGE_TEXT) || challenge[len] != '\0')
			return false;
		memcpy(r->challenge, challenge, len + 1);
	}
	return true;
}

static bool
parse_optional(const struct ini_section *s, struct record *r)
{
	const char *hold = value_of(s, "Hold"), *why = value_of(s, "Why");
	size_t i;

	if (!parse_flag(s, "Ending", &r->ending) || !parse_flag(s, "ByUser", &r->by_user))
		return false;
	if (hold != NULL) {
		if (strlen(hold) != HOLD_ID_LEN)
			return false;
		for (i = 0; i < HOLD_ID_LEN; i++)
			if (hex_digit(hold[i]) < 0)
				return false;
		memcpy(r->hold, hold, HOLD_ID_LEN + 1);
	}
	for (i = 0; why != NULL && why[i] != '\0' && i + 1 < sizeof(r->why); i++)
		r->why[i] = why[i] >= ' ' && why[i] <= '~' ? why[i] : '?';
	return parse_offline(s, r);
}

/* What only older versions may lack. A clock that was set to before 1970 writes a minus; the time
 * is for people only. */
static bool
parse_since(const struct ini_section *s, bool older, struct record *r)
{
	const char *since = value_of(s, "Since");
	uint64_t number;

	if (since == NULL)
		return older;
	if (!parse_number(since + (since[0] == '-'), &number) || number > INT64_MAX)
		return false;
	r->since = since[0] == '-' ? -(int64_t)number : (int64_t)number;
	return true;
}

static bool
parse_section(const struct ini_section *s, struct record *r)
{
	const char *version = value_of(s, "Version"), *state = value_of(s, "State");
	const char *method = value_of(s, "Method"), *sequence = value_of(s, "Sequence");
	const char *token = value_of(s, "Token");
	unsigned state_index, method_index;
	uint64_t number;

	if (version == NULL || state == NULL || method == NULL || sequence == NULL || token == NULL)
		return false;
	if (!parse_number(version, &number) || number > RECORD_VERSION)
		return false;
	if (!parse_name(state, state_names, &state_index) || state_index == RECORD_NONE ||
	    !parse_name(method, method_names, &method_index) ||
	    !parse_since(s, number < RECORD_VERSION, r))
		return false;
	r->state = (enum record_state)state_index;
	r->method = (enum record_method)method_index;
	return parse_number(sequence, &r->sequence) && parse_token(token, &r->identity) &&
	       parse_optional(s, r);
}

bool
record_parse(const char *text, size_t len, struct record *r)
{
	const struct ini_section *s;
	struct diags d = {0};
	struct ini *ini = NULL;
	bool ok = false;

	memset(r, 0, sizeof(*r));
	if (len == 0 || len > RECORD_FILE_MAX || text[len - 1] != '\n')
		return false;
	ini = ini_parse("record", text, len, 0, &d);
	s = ini != NULL ? ini_section(ini, SECTION) : NULL;
	ok = s != NULL && d.n_errors == 0 && parse_section(s, r);
	if (!ok)
		memset(r, 0, sizeof(*r));
	if (ini != NULL)
		ini_free(ini);
	diags_free(&d);
	return ok;
}

int64_t
record_version(const char *section, const char *text, size_t len)
{
	const struct ini_section *s;
	struct diags d = {0};
	struct ini *ini = ini_parse("version", text, len, 0, &d);
	const char *value = NULL;
	uint64_t number;
	int64_t version = -1;

	s = ini != NULL ? ini_section(ini, section) : NULL;
	if (s != NULL)
		value = value_of(s, "Version");
	if (value != NULL && parse_number(value, &number) && number <= INT64_MAX)
		version = (int64_t)number;
	if (ini != NULL)
		ini_free(ini);
	diags_free(&d);
	return version;
}

/* --- Files
 * ---------------------------------------------------------------------------------------- */

/* Reads at most size bytes of a regular file. -1: errno; EFBIG: it is longer. */
static ssize_t
read_small(int fd, char *buf, size_t size)
{
	struct stat st;
	size_t have = 0;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return -1;
	errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	if (!S_ISREG(st.st_mode))
		return -1;
	errno = EFBIG;
	if (st.st_size > (off_t)size)
		return -1;
	while (have < size) {
		n = read(fd, buf + have, size - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

/* Opens for reading, never blocking on a pipe; -1 with errno ENOENT also where no descriptor is
 * free. */
static int
open_small(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW),
	    error = errno;

	if (fd < 0 && (error == EMFILE || error == ENFILE) && access(path, F_OK) != 0 &&
	    (errno == ENOENT || errno == ENOTDIR))
		error = ENOENT;
	errno = error;
	return fd;
}

static void
log_unreadable(const char *path, const char *text, size_t len)
{
	int64_t version = record_version(SECTION, text, len);

	if (version > RECORD_VERSION)
		log_error("record %s was written by a newer p11-latch (version %" PRId64
			  ", known here: %d) and "
			  "is left as it is; install that one again, or unblock the card with it "
			  "and then "
			  "run p11-latch forget",
		    path, version, RECORD_VERSION);
	else
		log_error("record %s is truncated or damaged; p11-latch adopt or p11-latch forget "
			  "makes a new one",
		    path);
}

static enum record_status
read_record(const char *path, const struct identity *id, bool with_label, struct record *r)
{
	char text[RECORD_FILE_MAX];
	ssize_t len;
	int fd, error;

	fd = open_small(path);
	if (fd < 0 && errno == ENOENT)
		return RECORD_ABSENT;
	if (fd < 0) {
		error = errno;
		log_error(
		    "record %s cannot be read: %s; see p11-latch status", path, strerror(error));
		errno = error;
		return RECORD_BAD;
	}
	len = read_small(fd, text, sizeof(text));
	error = errno;
	close(fd);
	if (len < 0) {
		log_error(
		    "record %s cannot be read: %s; see p11-latch status", path, strerror(error));
		errno = error;
		return RECORD_BAD;
	}
	errno = 0;
	if (!record_parse(text, (size_t)len, r)) {
		/* Nobody is to be told to forget a card because memory was short. */
		if (errno == ENOMEM)
			log_error("record %s cannot be read: no memory; try again", path);
		else
			log_unreadable(path, text, (size_t)len);
		errno = EINVAL;
		return RECORD_BAD;
	}
	if (!identity_equal(&r->identity, id, with_label)) {
		log_error("record %s is that of another token; remove it", path);
		errno = EINVAL;
		return RECORD_BAD;
	}
	return RECORD_FOUND;
}

enum record_status
record_read(const char *state_dir, const struct identity *id, bool with_label, struct record *r)
{
	char name[IDENTITY_NAME_MAX], path[PATH_MAX];
	enum record_status status;
	int n;

	memset(r, 0, sizeof(*r));
	identity_name(id, with_label, name);
	n = snprintf(path, sizeof(path), "%s/records/%s", state_dir, name);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		log_error("%s/records: the path is too long; shorten StateDirectory=", state_dir);
		errno = ENAMETOOLONG;
		return RECORD_BAD;
	}
	status = read_record(path, id, with_label, r);
	if (status != RECORD_FOUND)
		memset(r, 0, sizeof(*r));
	return status;
}

int
sequence_read(const char *state_dir, uint64_t *sequence)
{
	char path[PATH_MAX], text[SEQUENCE_MAX];
	ssize_t len;
	int fd, n, error;

	*sequence = 0;
	n = snprintf(path, sizeof(path), "%s/sequence", state_dir);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open_small(path);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	len = read_small(fd, text, sizeof(text));
	error = errno;
	close(fd);
	errno = error;
	if (len < 0)
		return -1;
	errno = EINVAL;
	if (len < 2 || text[len - 1] != '\n')
		return -1;
	text[len - 1] = '\0';
	if (strlen(text) != (size_t)len - 1 || !parse_number(text, sequence)) {
		*sequence = 0;
		errno = EINVAL;
		return -1;
	}
	return 0;
}
