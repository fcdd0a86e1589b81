/* SPDX-License-Identifier: BSD-3-Clause */
/* The vendor module in this process: loading it, and finding a token behind it. */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "card/patience.h"
#include "card/vendor.h"
#include "policy/file.h"
#include "policy/log.h"

#define SLOTS_MAX 256

CK_RV
vendor_open(const char *path, const char *reserved, unsigned limit_s, struct vendor **out)
{
	CK_FUNCTION_LIST *list = NULL;
	CK_C_GetFunctionList get_list;
	struct vendor *v;
	void *handle;
	CK_RV rv;

	/* p11-kit's client writes to a connection that the other end has closed. */
	signal(SIGPIPE, SIG_IGN);
	file_make_room();
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) {
		log_error("vendor module cannot be loaded: %s; correct Path= in p11-latch.conf",
		    dlerror());
		return CKR_FUNCTION_FAILED;
	}
	/* POSIX's way to a function pointer: ISO C has no conversion from void *. */
	*(void **)&get_list = dlsym(handle, "C_GetFunctionList");
	if (get_list == NULL) {
		log_error("%s is no PKCS#11 module: it has no C_GetFunctionList", path);
		return CKR_FUNCTION_FAILED;
	}
	v = calloc(1, sizeof(*v));
	if (v == NULL || (v->path = strdup(path)) == NULL ||
	    (reserved[0] != '\0' && (v->reserved = strdup(reserved)) == NULL)) {
		vendor_close(v);
		return CKR_HOST_MEMORY;
	}
	rv = patience_get_list(get_list, &list, limit_s);
	if (rv != CKR_OK || list == NULL) {
		log_error("%s: C_GetFunctionList: %s", path, rv_name(rv));
		vendor_close(v);
		return CKR_FUNCTION_FAILED;
	}
	v->f = patience_list(list, limit_s);
	*out = v;
	return CKR_OK;
}

static void
copy_padded(char *to, const unsigned char *from, size_t len)
{
	while (len > 0 && (from[len - 1] == ' ' || from[len - 1] == '\0'))
		len--;
	memcpy(to, from, len);
	to[len] = '\0';
}

CK_RV
vendor_start(struct vendor *v)
{
	/* NSS's own structure has one member more behind pReserved. */
	struct {
		CK_C_INITIALIZE_ARGS standard;
		void *more;
	} args = {.standard = {.flags = CKF_OS_LOCKING_OK, .pReserved = v->reserved}};
	CK_INFO info;
	CK_RV rv;

	/*
	 * NULL: only one thread calls it. With locks of its own OpenSC 0.23 waits for itself, for
	 * ever, where a card is pulled while it is asked for its tries.
	 */
	rv = v->f->C_Initialize(v->reserved != NULL ? &args.standard : NULL);
	/* A C_Finalize that failed, or a C_Initialize that did not: what it read then is too old.
	 */
	if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED && v->f->C_Finalize(NULL) == CKR_OK)
		rv = v->f->C_Initialize(v->reserved != NULL ? &args.standard : NULL);
	v->refused = rv != CKR_OK;
	if (rv != CKR_OK) {
		log_debug("%s: C_Initialize: %s", v->path, rv_name(rv));
		return rv;
	}
	v->initialized = true;
	memset(&info, 0, sizeof(info));
	rv = v->f->C_GetInfo(&info);
	if (rv != CKR_OK) {
		vendor_stop(v);
		return rv;
	}
	copy_padded(v->manufacturer, info.manufacturerID, sizeof(info.manufacturerID));
	copy_padded(v->description, info.libraryDescription, sizeof(info.libraryDescription));
	return CKR_OK;
}

const char *
vendor_remedy(const struct vendor *v, CK_RV rv)
{
	if (rv != CKR_ARGUMENTS_BAD)
		return "is its service running?";
	return v->reserved == NULL
		   ? "it wants a parameter string, as NSS's softoken does: write InitReserved= "
		     "into [Module] of p11-latch.conf"
		   : "correct InitReserved= in p11-latch.conf";
}

void
vendor_stop(struct vendor *v)
{
	if (v->initialized)
		v->f->C_Finalize(NULL);
	v->initialized = false;
}

static CK_RV
slots_with_tokens(struct vendor *v, CK_SLOT_ID **slots, CK_ULONG *n)
{
	CK_RV rv;

	*slots = calloc(SLOTS_MAX, sizeof(**slots));
	if (*slots == NULL)
		return CKR_HOST_MEMORY;
	/* A fresh load's list is fresh, and OpenSC asks all readers again for each. */
	*n = SLOTS_MAX;
	rv = v->f->C_GetSlotList(CK_TRUE, *slots, n);
	/* Some modules look for readers only when they are asked for the number
	 * (PKCS#11 2.40, 5.5).
	 */
	if (rv == CKR_OK && *n == 0 && v->f->C_GetSlotList(CK_TRUE, NULL, n) == CKR_OK) {
		*n = SLOTS_MAX;
		rv = v->f->C_GetSlotList(CK_TRUE, *slots, n);
	}
	if (rv != CKR_OK || *n > SLOTS_MAX) {
		free(*slots);
		*slots = NULL;
		*n = 0;
	}
	return rv;
}

CK_RV
vendor_tokens(struct vendor *v, struct token **list, size_t *n)
{
	CK_SLOT_ID *slots;
	CK_ULONG n_slots, i;
	CK_RV rv;

	*list = NULL;
	*n = 0;
	rv = slots_with_tokens(v, &slots, &n_slots);
	if (rv != CKR_OK)
		return rv;
	*list = calloc(n_slots + 1, sizeof(**list));
	if (*list == NULL) {
		free(slots);
		return CKR_HOST_MEMORY;
	}
	for (i = 0; i < n_slots; i++) {
		struct token *t = *list + *n;

		t->slot = slots[i];
		rv = v->f->C_GetTokenInfo(slots[i], &t->info);
		if (rv != CKR_OK) {
			log_debug("slot %lu: C_GetTokenInfo: %s", slots[i], rv_name(rv));
			continue;
		}
		identity_set(&t->id, t->info.label, t->info.manufacturerID, t->info.model,
		    t->info.serialNumber);
		if (identity_is_empty(&t->id)) {
			log_debug(
			    "slot %lu: C_GetTokenInfo says CKR_OK and nothing else", slots[i]);
			continue;
		}
		(*n)++;
	}
	free(slots);
	return CKR_OK;
}

bool
vendor_one_reader(struct vendor *v, CK_SLOT_ID a, CK_SLOT_ID b)
{
	CK_SLOT_INFO of_a, of_b;

	return v->f->C_GetSlotInfo(a, &of_a) == CKR_OK && v->f->C_GetSlotInfo(b, &of_b) == CKR_OK &&
	       memcmp(of_a.slotDescription, of_b.slotDescription, sizeof(of_a.slotDescription)) ==
		   0;
}

static CK_RV
refuse_twins(const struct identity *id, size_t n)
{
	char uri[IDENTITY_URI_MAX];

	identity_uri(id, uri);
	log_error(
	    "%zu tokens are %s, and nothing tells them apart; leave one in, or give each a label "
	    "of its own",
	    n, uri);
	return CKR_FUNCTION_REJECTED;
}

CK_RV
vendor_find(struct vendor *v, const struct identity *id, bool with_label, bool many_slots,
    struct token *found)
{
	size_t n, i, matches = 0, cards = 0;
	struct token *list;
	CK_RV rv;

	rv = vendor_tokens(v, &list, &n);
	if (rv != CKR_OK)
		return rv;
	for (i = 0; i < n; i++) {
		if (!identity_equal(&list[i].id, id, with_label))
			continue;
		if (cards == 0 || !many_slots || !vendor_one_reader(v, found->slot, list[i].slot))
			cards++;
		if (matches++ == 0 || identity_equal(&list[i].id, id, true))
			*found = list[i];
	}
	free(list);
	if (cards > 1)
		return refuse_twins(id, matches);
	return cards == 1 ? CKR_OK : CKR_TOKEN_NOT_PRESENT;
}

void
vendor_close(struct vendor *v)
{
	if (v == NULL)
		return;
	vendor_stop(v);
	free(v->path);
	free(v->reserved);
	free(v);
}
