/* SPDX-License-Identifier: BSD-3-Clause */
/* The function lists and interfaces that the module gives, and what it exports and links. */
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/module/fixture.h"

#define AT(function) \
	((offsetof(CK_FUNCTION_LIST, function) - offsetof(struct any_list, entry)) / sizeof(void *))

/* Ours: the calls that are intercepted, and the exports themselves. */
static const size_t ours[] = {AT(C_Initialize), AT(C_Finalize), AT(C_GetFunctionList),
    AT(C_GetTokenInfo), AT(C_InitPIN), AT(C_SetPIN), AT(C_OpenSession), AT(C_CloseSession),
    AT(C_CloseAllSessions), AT(C_Login), AT(C_Logout), AT_GET_INTERFACE_LIST, AT_GET_INTERFACE,
    AT_LOGIN_USER};

static bool
is_ours(size_t at)
{
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (ours[i] == at)
			return true;
	return false;
}

/* Entry by entry: the vendor's own pointer, or one into this module. */
static void
check_list(const void *of_module, const void *of_vendor, size_t n)
{
	const struct any_list *m = of_module, *v = of_vendor;
	Dl_info in_m, in_list;
	size_t i;

	ck_assert_ptr_ne(m, v);
	ck_assert(dladdr(fixture_symbol(latch, "C_GetFunctionList"), &in_list) != 0);
	for (i = 0; i < n; i++) {
		if (!is_ours(i)) {
			ck_assert_msg(m->entry[i] == v->entry[i], "entry %zu differs", i);
			continue;
		}
		ck_assert_msg(m->entry[i] != v->entry[i], "entry %zu is the vendor's", i);
		ck_assert(dladdr(m->entry[i], &in_m) != 0);
		ck_assert_ptr_eq(in_m.dli_fbase, in_list.dli_fbase);
	}
}

static get_interface_list_fn
interface_list(void *handle)
{
	get_interface_list_fn function = NULL;

	*(void **)&function = fixture_symbol(handle, "C_GetInterfaceList");
	return function;
}

static get_interface_fn
get_interface(void *handle)
{
	get_interface_fn function = NULL;

	*(void **)&function = fixture_symbol(handle, "C_GetInterface");
	return function;
}

static void
start(const char *name)
{
	fixture_begin(name);
	fixture_load();
}

static void *
vendor_handle(const char *name)
{
	char path[512];
	void *handle;

	snprintf(path, sizeof(path), "%s.so", fixture_built(name));
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	ck_assert_ptr_nonnull(handle);
	return handle;
}

START_TEST(only_240)
{
	struct interface list[2], *one = NULL;
	unsigned long n = 2;
	unsigned char name[] = INTERFACE_STANDARD, other[] = "Vendor X";
	CK_VERSION v240 = {2, 40};

	start("vendor_240");
	check_list(f, vendor, LIST_2_40);
	ck_assert_uint_eq(f->version.minor, 40);
	ck_assert_rv(interface_list(latch)(list, &n), CKR_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq((char *)list[0].name, INTERFACE_STANDARD);
	ck_assert_ptr_eq(list[0].list, f);
	ck_assert_rv(get_interface(latch)(NULL, NULL, &one, 0), CKR_OK);
	ck_assert_ptr_eq(one->list, f);
	ck_assert_rv(get_interface(latch)(name, &v240, &one, 0), CKR_OK);
	ck_assert_ptr_eq(one->list, f);
	ck_assert_ptr_null(fixture_interface(3, 0));
	one = NULL;
	ck_assert_rv(get_interface(latch)(other, NULL, &one, 0), CKR_FUNCTION_FAILED);
	ck_assert_rv(get_interface(latch)(NULL, NULL, &one, 1), CKR_FUNCTION_FAILED);
	ck_assert_ptr_null(one);
}
END_TEST

START_TEST(bad_arguments)
{
	unsigned long n = 0;
	struct interface one;
	CK_RV (*get_list)(CK_FUNCTION_LIST **) = NULL;

	start("vendor_30");
	*(void **)&get_list = fixture_symbol(latch, "C_GetFunctionList");
	ck_assert_rv(get_list(NULL), CKR_ARGUMENTS_BAD);
	ck_assert_rv(interface_list(latch)(NULL, NULL), CKR_ARGUMENTS_BAD);
	ck_assert_rv(get_interface(latch)(NULL, NULL, NULL, 0), CKR_ARGUMENTS_BAD);
	ck_assert_rv(interface_list(latch)(NULL, &n), CKR_OK);
	ck_assert_uint_eq(n, 3);
	n = 1;
	ck_assert_rv(interface_list(latch)(&one, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(n, 3);
}
END_TEST

/* Of each version, as the vendor's C_GetInterface gives it and as ours does. */
static void
check_version(void *theirs, unsigned char major, unsigned char minor, size_t n, unsigned char seen)
{
	unsigned char name[] = INTERFACE_STANDARD;
	CK_VERSION version = {major, minor};
	struct interface *a = NULL, *b = NULL;

	ck_assert_rv(get_interface(theirs)(name, &version, &a, 0), CKR_OK);
	ck_assert_rv(get_interface(latch)(name, &version, &b, 0), CKR_OK);
	check_list(b->list, a->list, n);
	ck_assert_uint_eq(b->flags, a->flags);
	ck_assert_uint_eq(((struct any_list *)b->list)->version.major, major);
	ck_assert_uint_eq(((struct any_list *)b->list)->version.minor, seen);
}

static void
check_vendor_x(void *theirs)
{
	unsigned char x[] = "Vendor X";
	struct interface *a = NULL, *b = NULL;

	ck_assert_rv(get_interface(theirs)(x, NULL, &a, 0), CKR_OK);
	ck_assert_rv(get_interface(latch)(x, NULL, &b, 0), CKR_OK);
	ck_assert_ptr_eq(a, b);
}

START_TEST(with_30)
{
	struct interface list[3], *one = NULL;
	unsigned long n = 3;
	void *theirs;

	start("vendor_30");
	theirs = vendor_handle("vendor_30");
	check_list(f, vendor, LIST_2_40);
	check_version(theirs, 3, 0, LIST_3_0, 0);
	check_version(theirs, 2, 40, LIST_2_40, 40);
	check_vendor_x(theirs);
	ck_assert_ptr_null(fixture_interface(3, 2));
	ck_assert_rv(interface_list(latch)(list, &n), CKR_OK);
	ck_assert_uint_eq(n, 3);
	ck_assert_ptr_eq(list[0].list, fixture_interface(3, 0));
	ck_assert_ptr_eq(list[1].list, fixture_interface(2, 40));
	ck_assert_str_eq((char *)list[2].name, "Vendor X");
	/* The default is the vendor's default. */
	ck_assert_rv(get_interface(latch)(NULL, NULL, &one, 0), CKR_OK);
	ck_assert_ptr_eq(one->list, list[0].list);
}
END_TEST

START_TEST(with_32)
{
	void *theirs;

	start("vendor_32");
	theirs = vendor_handle("vendor_32");
	check_version(theirs, 3, 2, LIST_3_2, 2);
	check_version(theirs, 3, 0, LIST_3_0, 0);
	check_vendor_x(theirs);
}
END_TEST

/* What is newer than we know is cut to what we know, or not shown. */
START_TEST(with_33)
{
	struct interface list[4];
	unsigned long n = 4;
	void *theirs;

	start("vendor_33");
	theirs = vendor_handle("vendor_33");
	check_version(theirs, 3, 3, LIST_3_2, 2);
	check_version(theirs, 3, 1, LIST_3_0, 1);
	ck_assert_ptr_null(fixture_interface(4, 0));
	ck_assert_rv(interface_list(latch)(list, &n), CKR_OK);
	ck_assert_uint_eq(n, 3);
}
END_TEST

/* SoftHSMv2#839: the list ends where 2.40 ends, and the page with it; it is never written to. */
START_TEST(claims_30)
{
	start("vendor_claims30");
	ck_assert_uint_eq(vendor->version.major, 3);
	ck_assert_uint_eq(f->version.major, 2);
	ck_assert_uint_eq(f->version.minor, 40);
	check_list(f, vendor, LIST_2_40);
}
END_TEST

START_TEST(interfaces_fail)
{
	struct interface *one = NULL;
	unsigned long n = 0;

	fixture_begin("vendor_30");
	control = fixture_symbol(vendor_handle("vendor_30"), "control");
	control->refuse[F_GET_INTERFACE] = CKR_GENERAL_ERROR;
	fixture_load();
	check_list(f, vendor, LIST_2_40);
	ck_assert_rv(get_interface(latch)(NULL, NULL, &one, 0), CKR_OK);
	ck_assert_ptr_eq(one->list, f);
	ck_assert_rv(interface_list(latch)(NULL, &n), CKR_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_ptr_null(fixture_interface(3, 0));
}
END_TEST

/* What the vendor does not have is not there through us either. */
START_TEST(entries_that_are_missing)
{
	fixture_begin("vendor_240");
	control = fixture_symbol(vendor_handle("vendor_240"), "control");
	control->leave_out = true;
	fixture_load();
	ck_assert_ptr_null(vendor->C_InitPIN);
	ck_assert_ptr_null(f->C_InitPIN);
	ck_assert_ptr_null(f->C_WaitForSlotEvent);
	ck_assert_ptr_nonnull(f->C_Login);
}
END_TEST

START_TEST(arguments_untouched)
{
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = &args};

	start("vendor_240");
	ck_assert_rv(f->C_Initialize(&args), CKR_OK);
	ck_assert_ptr_eq(control->init_args, &args);
	ck_assert_ptr_eq(args.pReserved, &args);
	ck_assert_rv(f->C_Initialize(&args), CKR_CRYPTOKI_ALREADY_INITIALIZED);
}
END_TEST

/* Calls before C_Initialize go to the vendor as they are. */
START_TEST(before_initialize)
{
	CK_SESSION_HANDLE h;
	int i;

	start("vendor_240");
	fixture_record("blocked", "scramble", 1, "");
	ck_assert_rv(f->C_OpenSession(SLOT_A, 4, NULL, NULL, &h), CKR_CRYPTOKI_NOT_INITIALIZED);
	ck_assert_rv(f->C_CloseSession(1), CKR_SESSION_HANDLE_INVALID);
	ck_assert_rv(f->C_CloseAllSessions(1), CKR_OK);
	ck_assert_rv(f->C_SetPIN(1, NULL, 0, NULL, 0), CKR_PIN_INCORRECT);
	ck_assert_rv(f->C_InitPIN(1, NULL, 0), CKR_USER_NOT_LOGGED_IN);
	ck_assert_rv(f->C_Login(1, CKU_USER, NULL, 0), CKR_CRYPTOKI_NOT_INITIALIZED);
	ck_assert_rv(f->C_Logout(1), CKR_USER_NOT_LOGGED_IN);
	ck_assert_rv(f->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
	for (i = 0; i < N_FUNCTIONS; i++)
		ck_assert_uint_eq(control->calls[i],
		    i != F_INITIALIZE && i != F_GET_INFO && i != F_GET_SLOT_LIST &&
			i != F_GET_SLOT_INFO && i != F_GET_TOKEN_INFO && i != F_GET_SESSION_INFO &&
			i != F_LOGIN_USER && i != F_GET_INTERFACE);
	fixture_asked("");
}
END_TEST

static char *
output_of(const char *command)
{
	char line[1024], *text = NULL;
	size_t size = 0;
	FILE *p;

	snprintf(line, sizeof(line), command, fixture_module());
	p = popen(line, "re");
	ck_assert_ptr_nonnull(p);
	ck_assert_int_gt(getdelim(&text, &size, '\0', p), 0);
	ck_assert_int_eq(pclose(p), 0);
	return text;
}

START_TEST(exports)
{
	char *text = output_of("nm -D --defined-only '%s' | sed 's/.* //' | sort | tr '\\n' ' '");

	ck_assert_str_eq(text, "C_GetFunctionList C_GetInterface C_GetInterfaceList ");
	free(text);
}
END_TEST

START_TEST(links)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(TEST_SANITIZED)
	return; /* The runtime of a sanitizer is one more library. */
#else
	char *text = output_of("objdump -p '%s' | sed -n 's/^ *NEEDED *//p' | tr '\\n' ' '");

	ck_assert_str_eq(text, "libc.so.6 ");
	free(text);
#endif
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("lists");
	TCase *t = tcase_create("vendors");

	tcase_add_checked_fixture(t, NULL, fixture_end);
	tcase_add_test(t, only_240);
	tcase_add_test(t, bad_arguments);
	tcase_add_test(t, with_30);
	tcase_add_test(t, with_32);
	tcase_add_test(t, with_33);
	tcase_add_test(t, claims_30);
	tcase_add_test(t, interfaces_fail);
	tcase_add_test(t, entries_that_are_missing);
	tcase_add_test(t, arguments_untouched);
	tcase_add_test(t, before_initialize);
	tcase_add_test(t, exports);
	tcase_add_test(t, links);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return fixture_run(suite());
}
