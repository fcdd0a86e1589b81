/* SPDX-License-Identifier: BSD-3-Clause */
/* Orders about what is remembered of a card: adopt, forget, reset. The card itself is not touched.
 */
#include <stdlib.h>

#include "card/offline.h"
#include "card/order_part.h"
#include "card/state.h"
#include "policy/log.h"

#define NEWER_FILE_MAX 65536 /* bytes: a newer version's may be longer */

static bool
is_in_use(const struct card *c)
{
	log_error("%s: is %s; p11-latch forget drops that, if it is wrong", c->uri,
	    record_state_name(c->record.state));
	return false;
}

static bool
is_newer(
    const struct card *c, const char *folder, const char *suffix, const char *section, int ours)
{
	char *path = state_path(c->office->config->state_dir, folder, c->name, suffix);
	char *text = NULL;
	bool newer = false;
	size_t len;

	if (path != NULL && state_read(path, &text, &len, NEWER_FILE_MAX) == 0)
		newer = record_version(section, text, len) > ours;
	free(text);
	free(path);
	return newer;
}

/* What a newer p11-latch knows of a card, a blocked one perhaps, is not lost by a step back. */
static bool
is_of_newer(const struct card *c)
{
	return is_newer(c, "records", "", "Record", RECORD_VERSION) ||
	       is_newer(c, "private", ".state", "Private", PRIVATE_VERSION);
}

static bool
may_adopt(struct card *c, bool damaged)
{
	if (damaged || c->record.state == RECORD_NONE || c->record.state == RECORD_ACTIVE)
		return true;
	return is_in_use(c);
}

enum order_status
order_adopt(struct card *c, bool damaged, FILE *out)
{
	if (!may_adopt(c, damaged) || (damaged && is_of_newer(c)))
		return ORDER_FAILED;
	if (damaged && !card_forget(c))
		return ORDER_FAILED;
	if (!card_record(c, RECORD_ACTIVE, METHOD_NONE, true))
		return ORDER_FAILED;
	fprintf(out, "%s: active from now on\n", c->uri);
	return ORDER_DONE;
}

enum order_status
order_forget(struct card *c, bool damaged, FILE *out)
{
	bool any = damaged || c->record.state != RECORD_NONE;

	if (!card_forget(c))
		return ORDER_FAILED;
	fprintf(out, "%s: %s\n", c->uri, any ? "forgotten" : "was not known");
	return ORDER_DONE;
}

enum order_status
order_reset(struct card *c, FILE *out)
{
	c->private.letter_wrong = 0;
	c->private.pin_wrong = 0;
	so_allow(c);
	c->private.foreign_so = false;
	c->private.n_refused = 0;
	c->private.kcv[0] = '\0';
	offline_right(c);
	if (!card_note(c))
		return ORDER_FAILED;
	fprintf(out,
	    "%s: wrong PIN letters, responses and SO tries are counted from zero again, and the "
	    "policy's PUK or card manager key is tried again\n",
	    c->uri);
	return ORDER_DONE;
}
