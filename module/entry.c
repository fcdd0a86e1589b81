/* SPDX-License-Identifier: BSD-3-Clause */
/* The three exports. The first call of any reads the configuration and loads the vendor module. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "module/face.h"
#include "module/failed.h"
#include "module/process.h"
#include "module/provider.h"
#include "policy/log.h"

#define EXPORT __attribute__((visibility("default")))

static pthread_once_t once = PTHREAD_ONCE_INIT, interfaces_once = PTHREAD_ONCE_INIT;
static _Atomic(pthread_t) loader; /* the thread that is in the vendor's; 0 when none is */
static CK_FUNCTION_LIST *list;    /* what C_GetFunctionList gives */
static bool failed;
static struct interface *interfaces;
static unsigned long n_interfaces;

/*
 * The vendor's interfaces as the application is to see them; none: the one that every vendor has.
 * Not before an application asks: OpenSC 0.23's pkcs11-spy crashes where what it watches has none.
 */
static void
find_interfaces(void)
{
	const struct vendor *v = &provider.vendor;
	struct interface *theirs = NULL, *ours;
	unsigned long n = 0, i;

	if (v->get_interface_list == NULL || v->get_interface_list(NULL, &n) != CKR_OK || n == 0)
		goto none;
	theirs = calloc(n, sizeof(*theirs));
	interfaces = calloc(n, sizeof(*interfaces));
	if (theirs == NULL || interfaces == NULL || v->get_interface_list(theirs, &n) != CKR_OK)
		goto none;
	for (i = 0; i < n; i++) {
		ours = face_of_interface(&theirs[i]);
		if (ours != NULL)
			interfaces[n_interfaces++] = *ours;
	}
	if (n_interfaces > 0)
		goto out;
none:
	free(interfaces);
	interfaces = face_first();
	n_interfaces = 1;
out:
	free(theirs);
}

static void
load(void)
{
	atomic_store(&loader, pthread_self());
	if (provider_load() && process_prepare())
		list = face_of_list(provider.vendor.list);
	if (list == NULL) {
		failed = true;
		list = failed_list();
	}
	atomic_store(&loader, (pthread_t)0);
}

static void
read_interfaces(void)
{
	atomic_store(&loader, pthread_self());
	find_interfaces();
	atomic_store(&loader, (pthread_t)0);
}

/* False where there is nothing to be had: no vendor module, or a vendor module that wraps us in
 * turn. */
static bool
ready(void)
{
	pthread_t self = pthread_self();

	if (pthread_equal(atomic_load(&loader), self)) {
		log_error("the vendor module calls p11-latch back while it is being loaded; "
			  "[Module] Path= "
			  "must not lead to p11-latch again");
		return false;
	}
	pthread_once(&once, load);
	return true;
}

EXPORT CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	if (out == NULL)
		return CKR_ARGUMENTS_BAD;
	if (!ready())
		return CKR_GENERAL_ERROR;
	*out = list;
	return CKR_OK;
}

EXPORT CK_RV
C_GetInterfaceList(struct interface *out, unsigned long *count)
{
	unsigned long room;

	if (count == NULL)
		return CKR_ARGUMENTS_BAD;
	if (!ready() || failed)
		return CKR_GENERAL_ERROR;
	pthread_once(&interfaces_once, read_interfaces);
	room = *count;
	*count = n_interfaces;
	if (out == NULL)
		return CKR_OK;
	if (room < n_interfaces)
		return CKR_BUFFER_TOO_SMALL;
	memcpy(out, interfaces, n_interfaces * sizeof(*out));
	return CKR_OK;
}

/* Whether the list of the vendor's C_GetFunctionList answers what was asked for. */
static bool
first_will_do(const unsigned char *name, const CK_VERSION *version, CK_FLAGS flags)
{
	const CK_VERSION *have = &((struct any_list *)face_first()->list)->version;

	return (name == NULL || strcmp((const char *)name, INTERFACE_STANDARD) == 0) &&
	       (version == NULL ||
		   (version->major == have->major && version->minor == have->minor)) &&
	       flags == 0;
}

EXPORT CK_RV
C_GetInterface(unsigned char *name, CK_VERSION *version, struct interface **out, CK_FLAGS flags)
{
	struct interface *theirs = NULL, *ours = NULL;
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (out == NULL)
		return CKR_ARGUMENTS_BAD;
	if (!ready() || failed)
		return CKR_GENERAL_ERROR;
	if (provider.vendor.get_interface != NULL)
		rv = provider.vendor.get_interface(name, version, &theirs, flags);
	if (rv == CKR_OK && theirs != NULL)
		ours = face_of_interface(theirs);
	if (ours == NULL && first_will_do(name, version, flags))
		ours = face_first();
	if (ours == NULL)
		return rv != CKR_OK ? rv : CKR_FUNCTION_FAILED;
	*out = ours;
	return CKR_OK;
}
