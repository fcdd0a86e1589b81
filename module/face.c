/* SPDX-License-Identifier: BSD-3-Clause */
/* Faces: private copies of the vendor's function lists, made from positions and known lengths. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "module/face.h"
#include "policy/log.h"

#define AT(function) \
	((offsetof(CK_FUNCTION_LIST, function) - offsetof(struct any_list, entry)) / sizeof(void *))

_Static_assert(
    sizeof(CK_FUNCTION_LIST) == offsetof(struct any_list, entry) + LIST_2_40 * sizeof(void *),
    "a 2.40 function list is not what interface.h says");

struct face {
	const void *vendor; /* the vendor's list */
	size_t n;           /* pointers in it, as far as they are known */
	struct any_list list;
	struct interface interface;
};

static unsigned char standard_name[] = INTERFACE_STANDARD;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Not an array of them: most vendors have one list, and room for five would be a page more. */
static struct face *faces[FACES_MAX];
static size_t n_faces;

const CK_FUNCTION_LIST *face_vendor[FACES_MAX];

static const struct {
	size_t at;
	enum stub stub;
} places[] = {
    {AT(C_Initialize), STUB_INITIALIZE},
    {AT(C_Finalize), STUB_FINALIZE},
    {AT(C_GetTokenInfo), STUB_GET_TOKEN_INFO},
    {AT(C_InitPIN), STUB_INIT_PIN},
    {AT(C_SetPIN), STUB_SET_PIN},
    {AT(C_OpenSession), STUB_OPEN_SESSION},
    {AT(C_CloseSession), STUB_CLOSE_SESSION},
    {AT(C_CloseAllSessions), STUB_CLOSE_ALL_SESSIONS},
    {AT(C_Login), STUB_LOGIN},
    {AT(C_Logout), STUB_LOGOUT},
    {AT_LOGIN_USER, STUB_LOGIN_USER},
};

/* 0: a version that is not known. A minor version that is newer than all that is known is cut to
 * that. */
static size_t
known_length(CK_VERSION *version)
{
	if (version->major == 2)
		return LIST_2_40;
	if (version->major != 3)
		return 0;
	if (version->minor < 2)
		return LIST_3_0;
	version->minor = 2;
	return LIST_3_2;
}

static void
set_entry(struct face *f, size_t at, void *function)
{
	/* What the vendor does not have it does not have through us either. */
	if (at < f->n && f->list.entry[at] != NULL)
		f->list.entry[at] = function;
}

static void *
pointer(const void *function)
{
	void *p;

	memcpy(&p, function, sizeof(p));
	return p;
}

static void
set_exports(struct face *f)
{
	CK_C_GetFunctionList get_list = C_GetFunctionList;
	get_interface_list_fn get_interface_list = C_GetInterfaceList;
	get_interface_fn get_interface = C_GetInterface;

	/* The vendor's own would lead around all of this. */
	set_entry(f, AT(C_GetFunctionList), pointer(&get_list));
	set_entry(f, AT_GET_INTERFACE_LIST, pointer(&get_interface_list));
	set_entry(f, AT_GET_INTERFACE, pointer(&get_interface));
}

/* Under the lock, or in the first call of all. NULL: no memory (logged). */
static struct face *
add_face(const void *vendor, CK_VERSION version, size_t n)
{
	struct face *f = calloc(1, sizeof(*f));
	size_t i;

	if (f == NULL) {
		log_error("no memory");
		return NULL;
	}
	f->vendor = vendor;
	f->n = n;
	f->list.version = version;
	memcpy(f->list.entry, ((const struct any_list *)vendor)->entry, n * sizeof(void *));
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		set_entry(f, places[i].at, stub_of(n_faces, places[i].stub));
	set_exports(f);
	f->interface.name = standard_name;
	f->interface.list = &f->list;
	face_vendor[n_faces] = vendor;
	faces[n_faces++] = f;
	return f;
}

CK_FUNCTION_LIST *
face_of_list(CK_FUNCTION_LIST *vendor)
{
	CK_VERSION version = vendor->version;
	struct face *f;

	/* What C_GetFunctionList gives ends where 2.40 ends, whatever version it claims. */
	if (version.major > 2) {
		version.major = 2;
		version.minor = 40;
	}
	f = add_face(vendor, version, LIST_2_40);
	return f != NULL ? (CK_FUNCTION_LIST *)&f->list : NULL;
}

struct interface *
face_of_interface(struct interface *vendor)
{
	struct face *f = NULL;
	CK_VERSION version;
	size_t n, i;

	if (vendor->name == NULL || strcmp((char *)vendor->name, INTERFACE_STANDARD) != 0)
		return vendor;
	if (vendor->list == NULL)
		return NULL;
	version = ((struct any_list *)vendor->list)->version;
	n = known_length(&version);
	if (n == 0 || vendor_missing(vendor->list) != NULL)
		return NULL;
	pthread_mutex_lock(&lock);
	for (i = 0; i < n_faces && f == NULL; i++)
		if (faces[i]->vendor == vendor->list && faces[i]->n == n)
			f = faces[i];
	if (f == NULL && n_faces < FACES_MAX)
		f = add_face(vendor->list, version, n);
	if (f != NULL)
		f->interface.flags = vendor->flags;
	pthread_mutex_unlock(&lock);
	return f != NULL ? &f->interface : NULL;
}

struct interface *
face_first(void)
{
	return &faces[0]->interface;
}
