/* SPDX-License-Identifier: BSD-3-Clause */
/* Which faults are equal to p11-latch, whose code compares a CK_RV with those that it names. */
#include <stdio.h>
#include <string.h>

#include "tests/faults/sweep.h"

/* Groups of values that the code does not name. */
#define REST_STANDARD 1000
#define REST_VENDOR   1001
#define REST_UNKNOWN  1002
#define REST_ALONE    1003

static bool
is_value(const struct fault *f)
{
	return f->how == HOW_INSTEAD || f->how == HOW_AFTER;
}

static bool
take_group(struct fault *all, size_t n, unsigned group, const char *name)
{
	bool found = false;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!is_value(&all[i]) || strcmp(all[i].name, name) != 0)
			continue;
		all[i].group = group;
		found = true;
	}
	return found;
}

static unsigned
group_of_rest(const struct fault *f)
{
	/* Of which 32 bits are CKR_OK: whoever cut it would take it for a success. */
	if ((f->rv & 0xffffffff) == 0)
		return REST_ALONE;
	if ((f->rv & CKR_VENDOR_DEFINED) != 0 && f->rv >> 32 == 0)
		return REST_VENDOR;
	return strncmp(f->name, "CKR_", 4) == 0 ? REST_STANDARD : REST_UNKNOWN;
}

/* Each in its group: the how-manieth of how many. */
static void
number(struct fault *all, size_t n)
{
	size_t i, j;

	for (i = 0; i < n; i++) {
		if (all[i].group == 0)
			all[i].group =
			    is_value(&all[i]) ? group_of_rest(&all[i]) : REST_ALONE + (unsigned)i;
		if (!is_value(&all[i]))
			continue;
		for (j = 0; j < i; j++)
			all[i].turn += all[j].how == all[i].how && all[j].group == all[i].group;
	}
	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			all[i].turns += is_value(&all[i]) && all[j].how == all[i].how &&
					all[j].group == all[i].group;
}

bool
equal_read(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned group, lines = 0;
	struct fault *all;
	bool ok = file != NULL;
	char name[64];
	size_t n;

	all = faults_all(&n);
	while (ok && fscanf(file, "%u %63s", &group, name) == 2) {
		ok = group < REST_STANDARD && take_group(all, n, group, name);
		if (!ok)
			printf("# %s: %s: faults.c does not know it\n", path, name);
		lines++;
	}
	if (file != NULL)
		fclose(file);
	number(all, n);
	return ok && lines > 0;
}

bool
equal_is_class(const struct fault *f)
{
	return !is_value(f) || f->group < REST_STANDARD || f->group == REST_ALONE ||
	       f->rv == CKR_VENDOR_DEFINED;
}

/*
 * Calls that all flows make again and again, by the same code in each load: there each fault comes
 * at one in so many of them, and others at the next ones. At all other calls each comes each time.
 */
struct often {
	const char *call;
	bool reads; /* only: whether it was made shows in nothing but what it wrote for its caller,
		     * who is not to look at it after an error */
};

static const struct often often[] = {
    {"C_GetFunctionList", true},
    {"C_GetInfo", true},
    {"C_GetSlotList", true},
    {"C_GetSlotInfo", true},
    {"C_GetTokenInfo", true},
    {"C_GetSessionInfo", true},
    {"C_GetAttributeValue", true},
    {"C_FindObjects", true},
    {"C_FindObjectsInit", false},
    {"C_FindObjectsFinal", false},
    {"C_Initialize", false},
    {"C_Finalize", false},
    {"C_OpenSession", false},
    {"C_CloseSession", false},
    {"C_Login", false},
    {"C_Logout", false},
};

#define OFTEN_ENDS   3 /* crashes, hangs, delays */
#define OFTEN_LIES   4
#define OFTEN_LOGINS 2
#define OFTEN_LOADS  8 /* values, where more than reading is done */
#define OFTEN_READS  10
#define OFTEN_UNREAD 20 /* read, and an error all the same */

static unsigned
one_in(const struct fault *f, const char *call)
{
	size_t i = 0, n = sizeof(often) / sizeof(often[0]);

	while (i < n && strcmp(call, often[i].call) != 0)
		i++;
	if (i == n || f->everywhere || (is_value(f) && f->rv == CKR_OK))
		return 1;
	if (fault_call(f->how) != NULL)
		return OFTEN_LIES;
	if (!is_value(f))
		return OFTEN_ENDS;
	if (strcmp(call, "C_Login") == 0)
		return OFTEN_LOGINS;
	if (!often[i].reads)
		return OFTEN_LOADS;
	return f->how == HOW_AFTER ? OFTEN_UNREAD : OFTEN_READS;
}

bool
equal_has_turn(const struct fault *f, const struct place *at)
{
	unsigned one = one_in(f, at->call);

	if (is_value(f) && at->seed % f->turns != f->turn)
		return false;
	return (at->nth_of_name + at->flow + f->group) % one == 0;
}
