/* SPDX-License-Identifier: BSD-3-Clause */
/* Measuring a token that nobody knows: which card, whether it may be, and what is left of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "card/order_part.h"
#include "card/probe_part.h"
#include "policy/log.h"

#define WAIT_MS 10000

static bool
may_begin(struct card *c)
{
	bool known = c->binding != NULL || c->record.state != RECORD_NONE;

	/* Who may not write the state directory can have no governed card, and no lock of another.
	 */
	if ((known || access(c->office->config->state_dir, W_OK) == 0) &&
	    card_take(c, WAIT_MS) != LOCK_TAKEN) {
		log_error("%s: not measured: another program is working with this card, or its "
			  "lock cannot be taken",
		    c->uri);
		return false;
	}
	if (c->record.state != RECORD_NONE && c->record.state != RECORD_ACTIVE) {
		log_error("%s: not measured: the card is %s; p11-latch unblock it first, or take "
			  "one that is in use",
		    c->uri, record_state_name(c->record.state));
		return false;
	}
	if (c->private.journal != JOURNAL_NONE) {
		log_error(
		    "%s: not measured: its unblocking was interrupted; p11-latch unblock it first",
		    c->uri);
		return false;
	}
	return true;
}

static void
begin(struct probe *p)
{
	struct identity make = p->id;
	size_t i;

	p->r->id = p->id;
	p->r->row = p->c->profile.name;
	snprintf(p->r->uri, sizeof(p->r->uri), "%s", p->c->uri);
	make.serial[0] = make.label[0] = '\0';
	identity_uri(&make, p->r->binding_uri);
	for (i = 0; profile_columns[i] != NULL; i++)
		probe_why_not(p, profile_columns[i], "");
}

/* What is left of it all. */
static void
finish(struct probe *p)
{
	const CK_FLAGS counts = USER_FLAGS | SO_COUNT_FLAGS;
	size_t objects = p->objects;
	CK_FLAGS flags;
	bool changed;

	if (p->pin_right && !p->lost)
		probe_give_back(p);
	flags = p->lost ? 0 : probe_look(p);
	if (!p->lost && p->pin_right && probe_objects(p, &objects) != CKR_OK)
		p->lost = true;
	if (p->spent_so || p->spent_puk)
		log_error("%s: the value that was given may have cost a try of the %s, which is "
			  "another; use the right one once, which gives it back",
		    p->c->uri, p->spent_so ? "SO PIN" : "PUK");
	changed = objects != p->objects || (flags & counts & ~p->found) != 0;
	p->r->as_found = !p->lost && !changed && !p->spent_so && !p->spent_puk;
	if (!p->lost && changed)
		log_error(
		    "%s: not as it was found: flags were %s, SO %s, and are %s, SO %s; its user "
		    "sees %zu objects, and saw %zu",
		    p->c->uri, probe_flags(p->found, false), probe_flags(p->found, true),
		    probe_flags(flags, false), probe_flags(flags, true), objects, p->objects);
	probe_compare(p);
}

/* False: the card is not to be had, or its profile cannot be its (logged). */
static bool
measure(struct probe *p)
{
	size_t i;

	begin(p);
	p->found = probe_look(p);
	if (p->lost)
		return false;
	probe_names(p);
	probe_steps(p);
	finish(p);
	secret_free(&p->so);
	for (i = 0; i < PROBE_SECRETS; i++)
		secret_free(&p->secrets[i]);
	return true;
}

/* The one card that is meant, as for a block: it is there, and initialised. False: logged. */
static bool
choose(struct office *o, const char *uri, struct known *found)
{
	const struct order order = {.op = ORDER_BLOCK, .uri = (char *)(uintptr_t)uri};
	const struct known *one = NULL;
	struct criteria criteria = {0};
	struct known *list = NULL;
	struct diags d = {0};
	size_t n = 0;

	if (!uri_parse(uri, (struct place){.file = "the command line"}, &d, &criteria))
		diags_log(&d);
	else if (census_take(o, &criteria, &list, &n) == CKR_OK)
		one = order_choose(&order, list, n);
	if (one != NULL)
		*found = *one;
	free(list);
	criteria_free(&criteria);
	diags_free(&d);
	return one != NULL;
}

bool
probe_card(struct office *o, const struct probe_order *order, struct probe_result *r)
{
	struct probe p = {.v = o->vendor, .f = o->vendor->f, .order = order, .r = r};
	struct known known;
	struct card c;
	bool begun;

	memset(r, 0, sizeof(*r));
	if (!choose(o, order->uri, &known) || card_open(&c, o, &known.id) != CKR_OK)
		return false;
	c.info = known.info;
	p.c = &c;
	p.id = known.id;
	begun = may_begin(&c) && measure(&p);
	card_close(&c);
	return begun;
}
