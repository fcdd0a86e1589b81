/* SPDX-License-Identifier: BSD-3-Clause */
/* Which faults are tried at which calls. */
#include <string.h>

#include "tests/faults/sweep.h"

static bool
changes_card(const char *call)
{
	return strcmp(call, "C_InitPIN") == 0 || strcmp(call, "C_SetPIN") == 0 ||
	       strcmp(call, "C_InitToken") == 0;
}

static unsigned long
drawn(const char *text, unsigned long h)
{
	for (; *text != '\0'; text++)
		h = h * 33 + (unsigned char)*text;
	return (h * 2654435761UL & 0xffffffffUL) >> 12;
}

/* The same in each run, and between places without an order. */
static bool
has_turn(const struct flow *f, const struct step *s)
{
	struct place at = {.call = s->call, .nth_of_name = s->nth_of_name};

	at.flow = drawn(s->program, drawn(f->name, 0));
	at.seed = drawn("", at.flow + s->nth * 31 + s->fault->how);
	return f->every || equal_has_turn(s->fault, &at);
}

void
choose_number(struct step *s)
{
	uint32_t i;

	s->call = s->names[s->nth - 1];
	s->nth_of_name = 0;
	for (i = 0; i < s->nth; i++)
		s->nth_of_name += strcmp(s->names[i], s->call) == 0;
}

/* Neighbours are of one call: the sample goes through all calls and all faults. */
bool
choose(const struct flow *f, const struct step *s, unsigned long index)
{
	unsigned long mixed = (index * 2654435761UL & 0xffffffffUL) >> 12;
	const struct fault *fault = s->fault;
	bool is_class = equal_is_class(fault);

	if (f->only >= 0)
		return (unsigned long)f->only == index;
	if (f->call != NULL && strcmp(f->call, "C_*") == 0)
		return fault->everywhere;
	if (f->call != NULL && strcmp(f->call, "hang") == 0)
		return fault->how == HOW_HANG && mixed % f->sample == 0;
	if (f->call != NULL)
		return is_class && strcmp(s->call, f->call) == 0;
	if (f->sample <= 1)
		return has_turn(f, s);
	if (changes_card(s->call))
		return mixed % (is_class ? (f->sample + 3) / 4 : 4 * f->sample) == 0;
	return mixed % (is_class ? f->sample : 10 * f->sample) == 0;
}

static bool
occurs(const struct step *s, const char *call)
{
	uint32_t i;

	for (i = 0; i < s->calls; i++)
		if (strcmp(s->names[i], call) == 0)
			return true;
	return false;
}

bool
choose_fits(const struct fault *fault, const struct step *s)
{
	const char *of = fault_call(fault->how);

	if (fault->everywhere)
		return s->nth == 1 && occurs(s, of);
	return of == NULL || strcmp(s->call, of) == 0;
}
