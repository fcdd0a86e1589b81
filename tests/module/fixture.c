/* SPDX-License-Identifier: BSD-3-Clause */
/* What the module's tests share: a scratch folder, a vendor module, a helper with a script. */
#include <dlfcn.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "policy/identity.h"
#include "tests/module/fixture.h"

#ifndef TEST_BUILD_DIR
#define TEST_BUILD_DIR "."
#endif

#define WAIT_TRIES 500

char folder[64];
void *latch;
CK_FUNCTION_LIST *f, *vendor;
struct control *control;

static char vendor_path[512];

const char *
fixture_built(const char *name)
{
	static char path[4][512];
	static unsigned next;
	char *to = path[next++ % 4];

	snprintf(to, sizeof(path[0]), "%s/tests/module/%s", TEST_BUILD_DIR, name);
	return to;
}

const char *
fixture_module(void)
{
	return fixture_built(".libs/latch-short.so");
}

void *
fixture_symbol(void *handle, const char *name)
{
	void *symbol = dlsym(handle, name);

	ck_assert_msg(symbol != NULL, "%s: %s", name, dlerror());
	return symbol;
}

void
fixture_write(const char *name, const char *text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

char *
fixture_read(const char *name)
{
	char path[512], *text = NULL;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "re");
	if (file == NULL)
		return strdup("");
	if (getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		text = strdup("");
	}
	fclose(file);
	ck_assert_ptr_nonnull(text);
	return text;
}

void
fixture_config(const char *path, const char *helper, const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text),
	    "[Module]\nPath=%s\n\n[Latch]\nPolicy=%s/policy.conf\nStateDirectory=%s\nHelper=%s\n%s",
	    path, folder, folder, helper, more);
	fixture_write("p11-latch.conf", text);
}

void
fixture_begin(const char *vendor_name)
{
	const char *tmp = getenv("TMPDIR");
	char path[512], helper[512];

	/* Sockets lie there: their paths must be short. */
	if (tmp == NULL || strlen(tmp) > 40)
		tmp = "/tmp";
	snprintf(folder, sizeof(folder), "%s/latch-module-XXXXXX", tmp);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/records", folder);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	snprintf(vendor_path, sizeof(vendor_path), "%s.so", fixture_built(vendor_name));
	snprintf(helper, sizeof(helper), "spawn:%s", fixture_built("fake_helper"));
	fixture_config(vendor_path, helper, "");
	fixture_script("");
	snprintf(path, sizeof(path), "%s/p11-latch.conf", folder);
	setenv("P11_LATCH_CONF", path, 1);
	snprintf(path, sizeof(path), "%s/module.log", folder);
	setenv("P11_LATCH_DEBUG", path, 1);
	unsetenv("P11_LATCH_HOLD");
}

void
fixture_load_with(CK_C_GetFunctionList get_list)
{
	CK_C_GetFunctionList get_vendor = NULL;
	void *own = dlopen(vendor_path, RTLD_NOW | RTLD_LOCAL);

	ck_assert_msg(own != NULL, "%s", dlerror());
	control = fixture_symbol(own, "control");
	*(void **)&get_vendor = fixture_symbol(own, "C_GetFunctionList");
	ck_assert_rv(get_vendor(&vendor), CKR_OK);
	ck_assert_rv(get_list(&f), CKR_OK);
}

void
fixture_load(void)
{
	CK_C_GetFunctionList get_list = NULL;

	latch = dlopen(fixture_module(), RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(latch != NULL, "%s", dlerror());
	*(void **)&get_list = fixture_symbol(latch, "C_GetFunctionList");
	fixture_load_with(get_list);
}

void
fixture_start(void)
{
	fixture_begin("vendor_240");
	fixture_load();
}

struct any_list *
fixture_interface(unsigned char major, unsigned char minor)
{
	unsigned char name[] = INTERFACE_STANDARD;
	CK_VERSION version = {major, minor};
	struct interface *interface = NULL;
	get_interface_fn get = NULL;

	*(void **)&get = fixture_symbol(latch, "C_GetInterface");
	if (get(name, &version, &interface, 0) != CKR_OK) {
		/* Left alone. */
		ck_assert_ptr_null(interface);
		return NULL;
	}
	ck_assert_ptr_nonnull(interface);
	return interface->list;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *walk)
{
	(void)st;
	(void)flag;
	(void)walk;
	return remove(path);
}

void
fixture_end(void)
{
	const struct timespec pause = {0, 10000000};
	int i;

	/* A helper that was left alone may still write its last line. */
	for (i = 0; i < WAIT_TRIES && access(folder, F_OK) == 0; i++) {
		nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
		nanosleep(&pause, NULL);
	}
}

void
fixture_script(const char *lines)
{
	fixture_write("place", "");
	fixture_write("script", lines);
}

static void
token(struct identity *id)
{
	memset(id, 0, sizeof(*id));
	strcpy(id->label, "card");
	strcpy(id->manufacturer, control != NULL ? control->manufacturer : "Test Works");
	strcpy(id->model, "M1");
	strcpy(id->serial, "0001");
}

void
fixture_record(const char *state, const char *method, unsigned sequence, const char *more)
{
	unsigned char wire[IDENTITY_WIRE_LEN];
	char name[IDENTITY_NAME_MAX], path[IDENTITY_NAME_MAX + 16], text[1024];
	struct identity id;
	size_t i, at;

	token(&id);
	identity_pack(&id, wire);
	identity_name(&id, false, name);
	at = (size_t)snprintf(text, sizeof(text),
	    "[Record]\nVersion=1\nState=%s\nMethod=%s\nSequence=%u\nSince=1\nToken=", state, method,
	    sequence);
	for (i = 0; i < sizeof(wire); i++)
		at += (size_t)sprintf(text + at, "%02x", wire[i]);
	snprintf(text + at, sizeof(text) - at, "\n%s", more);
	snprintf(path, sizeof(path), "records/%s", name);
	fixture_write(path, text);
}

void
fixture_no_record(void)
{
	char name[IDENTITY_NAME_MAX], path[512];
	struct identity id;

	token(&id);
	identity_name(&id, false, name);
	snprintf(path, sizeof(path), "%s/records/%s", folder, name);
	unlink(path);
}

/* Takes the lines out that begin so; how many there were. */
static unsigned
drop_lines(char *text, const char *begin)
{
	char *line = text, *next;
	unsigned n = 0;

	while ((line = strstr(line, begin)) != NULL) {
		next = strchr(line, '\n');
		next = next != NULL ? next + 1 : line + strlen(line);
		memmove(line, next, strlen(next) + 1);
		n++;
	}
	return n;
}

/* Lines that begin with START are about the process, and tested by themselves. */
static void
drop_starts(char *text)
{
	drop_lines(text, "START ");
}

/* One helper's end may come after the beginning of the next: when is nobody's promise, how many is.
 */
static bool
same_but_for_ends(const char *log, const char *expected)
{
	char *a = strdup(log), *b = strdup(expected);
	bool same;

	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	same = drop_lines(a, "END 1\n") == drop_lines(b, "END 1\n") &&
	       drop_lines(a, "END ") == drop_lines(b, "END ") && strcmp(a, b) == 0;
	free(a);
	free(b);
	return same;
}

char *
fixture_wait(const char *text)
{
	const struct timespec pause = {0, 10000000};
	char *log = NULL;
	int i;

	for (i = 0; i < WAIT_TRIES; i++) {
		free(log);
		log = fixture_read("log");
		if (strstr(log, text) != NULL)
			break;
		nanosleep(&pause, NULL);
	}
	ck_assert_msg(i < WAIT_TRIES, "the helper's log has no \"%s\":\n%s", text, log);
	drop_starts(log);
	return log;
}

void
fixture_asked(const char *expected)
{
	const struct timespec pause = {0, 10000000};
	char *log = NULL;
	int i;

	for (i = 0; i < WAIT_TRIES; i++) {
		free(log);
		log = fixture_read("log");
		drop_starts(log);
		if (same_but_for_ends(log, expected))
			break;
		nanosleep(&pause, NULL);
	}
	if (!same_but_for_ends(log, expected))
		ck_assert_str_eq(log, expected);
	free(log);
}

void
fixture_logged(const char *text)
{
	char *log = fixture_read("module.log");

	ck_assert_msg(strstr(log, text) != NULL, "not in the log: \"%s\"\n%s", text, log);
	free(log);
}

void
fixture_not_logged(const char *text)
{
	char *log = fixture_read("module.log");

	ck_assert_msg(strstr(log, text) == NULL, "in the log: \"%s\"\n%s", text, log);
	free(log);
}

CK_SESSION_HANDLE
fixture_session(void)
{
	CK_SESSION_HANDLE h = 0;

	if (!control->initialized)
		ck_assert_rv(f->C_Initialize(NULL), CKR_OK);
	ck_assert_rv(
	    f->C_OpenSession(SLOT_A, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &h), CKR_OK);
	return h;
}

static unsigned char *
bytes(const char *text)
{
	return (unsigned char *)(size_t)text;
}

static unsigned long
length(const char *text)
{
	return text != NULL ? strlen(text) : 0;
}

CK_RV
fixture_login(CK_SESSION_HANDLE h, CK_USER_TYPE user, const char *pin)
{
	return f->C_Login(h, user, bytes(pin), length(pin));
}

CK_RV
fixture_set_pin(CK_SESSION_HANDLE h, const char *old, const char *new)
{
	return f->C_SetPIN(h, bytes(old), length(old), bytes(new), length(new));
}

CK_RV
fixture_init_pin(CK_SESSION_HANDLE h, const char *pin)
{
	return f->C_InitPIN(h, bytes(pin), length(pin));
}

int
fixture_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
