/* SPDX-License-Identifier: BSD-3-Clause */
/* A vendor module that cannot be loaded, bad configurations, copies of the module, AT_SECURE. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/module/fixture.h"

#define NOBODY 65534

/* The list that the module at path gives. */
static CK_FUNCTION_LIST *
list_of(const char *path)
{
	CK_RV (*get_list)(CK_FUNCTION_LIST **) = NULL;
	CK_FUNCTION_LIST *list = NULL;

	latch = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(latch != NULL, "%s", dlerror());
	*(void **)&get_list = fixture_symbol(latch, "C_GetFunctionList");
	ck_assert_rv(get_list(&list), CKR_OK);
	ck_assert_ptr_nonnull(list);
	return list;
}

/* Every entry fails, and the log says it in one line. */
static void
check_failed(const char *logged)
{
	const struct any_list *list = (const struct any_list *)list_of(fixture_module());
	struct interface *one = NULL;
	get_interface_list_fn get_list = NULL;
	get_interface_fn get = NULL;
	unsigned long n = 0;
	char *log;
	size_t i;

	ck_assert_uint_eq(list->version.major, 2);
	for (i = 0; i < LIST_2_40; i++) {
		CK_RV (*entry)(void *) = NULL;

		*(void **)&entry = list->entry[i];
		if (entry != (CK_RV(*)(void *))((const CK_FUNCTION_LIST *)list)->C_GetFunctionList)
			ck_assert_rv(entry(NULL), CKR_GENERAL_ERROR);
	}
	*(void **)&get = fixture_symbol(latch, "C_GetInterface");
	*(void **)&get_list = fixture_symbol(latch, "C_GetInterfaceList");
	ck_assert_rv(get(NULL, NULL, &one, 0), CKR_GENERAL_ERROR);
	ck_assert_rv(get_list(NULL, &n), CKR_GENERAL_ERROR);
	ck_assert_ptr_null(one);
	fixture_logged(logged);
	log = fixture_read("module.log");
	ck_assert_ptr_eq(strchr(log, '\n'), log + strlen(log) - 1);
	free(log);
}

START_TEST(no_such_vendor)
{
	fixture_config("/nonexistent/vendor.so", "spawn", "");
	check_failed(
	    "p11-latch.conf:2: the vendor module cannot be loaded: /nonexistent/vendor.so");
}
END_TEST

START_TEST(no_module)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/script", folder);
	fixture_config(path, "spawn", "");
	check_failed("p11-latch.conf:2: the vendor module cannot be loaded");
}
END_TEST

START_TEST(no_pkcs11)
{
	fixture_config("/lib/x86_64-linux-gnu/libm.so.6", "spawn", "");
	check_failed(access("/lib/x86_64-linux-gnu/libm.so.6", F_OK) == 0
			 ? "it has no C_GetFunctionList"
			 : "cannot be loaded");
}
END_TEST

START_TEST(itself)
{
	fixture_config(fixture_module(), "spawn", "");
	check_failed("p11-latch itself");
}
END_TEST

/* A vendor module that leads back to us. */
START_TEST(loop)
{
	setenv("TEST_LATCH", fixture_module(), 1);
	fixture_config(fixture_built("vendor_loop.so"), "spawn", "");
	ck_assert_rv(list_of(fixture_module())->C_Initialize(NULL), CKR_GENERAL_ERROR);
	fixture_logged("must not lead to p11-latch again");
	fixture_logged("C_GetFunctionList failed");
}
END_TEST

#define ENTRY(name)                                     \
	{                                               \
		offsetof(CK_FUNCTION_LIST, name), #name \
	}

/* What p11-latch cannot do without. */
static const struct {
	size_t at;
	const char *name;
} entries[] = {ENTRY(C_Initialize), ENTRY(C_Finalize), ENTRY(C_GetInfo), ENTRY(C_GetTokenInfo),
    ENTRY(C_OpenSession), ENTRY(C_CloseSession), ENTRY(C_GetSessionInfo), ENTRY(C_Login),
    ENTRY(C_SetPIN)};

START_TEST(lacks_an_entry)
{
	void *handle = dlopen(fixture_built("vendor_240.so"), RTLD_NOW | RTLD_LOCAL);
	char words[64];

	ck_assert_ptr_nonnull(handle);
	control = fixture_symbol(handle, "control");
	control->lacks = entries[_i].at;
	snprintf(words, sizeof(words), "its function list has no %s;", entries[_i].name);
	check_failed(words);
}
END_TEST

START_TEST(no_config)
{
	setenv("P11_LATCH_CONF", "/nonexistent/p11-latch.conf", 1);
	check_failed("/nonexistent/p11-latch.conf");
}
END_TEST

START_TEST(config_with_errors)
{
	fixture_write("p11-latch.conf", "[Module]\nPath=relative.so\nPath=/twice.so\nnonsense\n");
	check_failed("p11-latch.conf:");
	fixture_logged("more errors");
}
END_TEST

START_TEST(no_such_profile)
{
	char text[1024];

	snprintf(text, sizeof(text),
	    "[Module]\nPath=%s\nProfile=nonsense\n[Latch]\nPolicy=/p\nStateDirectory=%s\n",
	    fixture_built("vendor_240.so"), folder);
	fixture_write("p11-latch.conf", text);
	check_failed("p11-latch.conf:3: there is no profile \"nonsense\"");
}
END_TEST

/* Not a byte on the application's own standard output and error. */
START_TEST(prints_nothing)
{
	char path[128];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/printed", folder);
	unsetenv("P11_LATCH_DEBUG");
	fixture_config("/nonexistent/vendor.so", "spawn", "");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	fflush(stdout);
	dup2(fd, 1);
	dup2(fd, 2);
	list_of(fixture_module());
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
}
END_TEST

static void
copy(const char *from, const char *to, mode_t mode)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	char buf[65536];
	ssize_t n;

	ck_assert_int_ge(in, 0);
	ck_assert_int_ge(out, 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		ck_assert_int_eq(write(out, buf, (size_t)n), n);
	ck_assert_int_eq(fchmod(out, mode), 0);
	close(in);
	close(out);
}

/* The configuration's folder that the module for tests was built with, and one that is a copy's. */
static void
write_usual(const char *name, const char *path_line)
{
	char text[1024];
	FILE *file;

	snprintf(text, sizeof(text), "conf/%s", name);
	file = fopen(fixture_built(text), "we");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "[Module]\nPath=%s\n[Latch]\nPolicy=/p\nStateDirectory=%s\nHelper=spawn:%s\n",
	    path_line, folder, fixture_built("fake_helper"));
	fclose(file);
}

/* p11-latch-NAME.so is an instance of its own, with a configuration of its own. */
START_TEST(copies)
{
	CK_FUNCTION_LIST *red, *blue;
	CK_INFO info;
	char path[128];

	unsetenv("P11_LATCH_CONF");
	write_usual("p11-latch-red.conf", fixture_built("vendor_240.so"));
	write_usual("p11-latch-blue.conf", fixture_built("vendor_30.so"));
	snprintf(path, sizeof(path), "%s/p11-latch-red.so", folder);
	copy(fixture_module(), path, 0755);
	red = list_of(path);
	snprintf(path, sizeof(path), "%s/p11-latch-blue.so", folder);
	copy(fixture_module(), path, 0755);
	blue = list_of(path);
	ck_assert_rv(red->C_Initialize(NULL), CKR_OK);
	ck_assert_rv(red->C_GetInfo(&info), CKR_OK);
	ck_assert_ptr_ne(red->C_GetInfo, blue->C_GetInfo);
	ck_assert_rv(blue->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
	unlink(fixture_built("conf/p11-latch-red.conf"));
	unlink(fixture_built("conf/p11-latch-blue.conf"));
}
END_TEST

/* In a program with AT_SECURE: the environment counts for nothing. */
static int
secure_program(const char *module)
{
	CK_RV (*get_list)(CK_FUNCTION_LIST **) = NULL;
	CK_FUNCTION_LIST *list;
	CK_SESSION_HANDLE h;
	void *handle = dlopen(module, RTLD_NOW | RTLD_LOCAL);

	if (getauxval(AT_SECURE) == 0 || handle == NULL)
		return 10;
	*(void **)&get_list = dlsym(handle, "C_GetFunctionList");
	if (get_list == NULL || get_list(&list) != CKR_OK)
		return 11;
	if (list->C_Initialize(NULL) != CKR_OK)
		return 12;
	if (list->C_OpenSession(SLOT_A, CKF_SERIAL_SESSION, NULL, NULL, &h) != CKR_OK)
		return 13;
	return list->C_Login(h, CKU_USER, (unsigned char *)(size_t) "1234", 4) == CKR_PIN_LOCKED
		   ? 0
		   : 14;
}

START_TEST(at_secure)
{
	char program[128], module[128], *log;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		return; /* Only root can make such a program here. */
	snprintf(program, sizeof(program), "%s/program", folder);
	snprintf(module, sizeof(module), "%s/p11-latch-secure.so", folder);
	chmod(folder, 0755);
	copy("/proc/self/exe", program, 0755);
	ck_assert_int_eq(chown(program, 0, NOBODY), 0);
	ck_assert_int_eq(chmod(program, 02755), 0);
	copy(fixture_module(), module, 0755);
	write_usual("p11-latch-secure.conf", fixture_built("vendor_240.so"));
	fixture_record("blocked", "lock", 1, "");
	fixture_script("done=0xA4\n");
	setenv("P11_LATCH_CONF", "/nonexistent", 1);
	setenv("P11_LATCH_HOLD", "0123456789abcdef:secret", 1);
	setenv("SECRET", "value", 1);
	pid = fork();
	if (pid == 0) {
		execl(program, program, "--secure", module, (char *)NULL);
		_exit(20);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	fixture_asked("LOGIN ID=0001 PIN=1234 TF FD\nEND 1\n");
	log = fixture_read("log");
	ck_assert_ptr_nonnull(strstr(log, " env=1 "));
	free(log);
	/* Nor is a log written where the environment says. */
	log = fixture_read("module.log");
	ck_assert_str_eq(log, "");
	free(log);
	unlink(fixture_built("conf/p11-latch-secure.conf"));
}
END_TEST

static void
begin(void)
{
	fixture_begin("vendor_240");
}

static Suite *
suite(void)
{
	Suite *s = suite_create("failed");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, begin, fixture_end);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, no_such_vendor);
	tcase_add_test(t, no_module);
	tcase_add_test(t, no_pkcs11);
	tcase_add_test(t, itself);
	tcase_add_test(t, loop);
	tcase_add_loop_test(t, lacks_an_entry, 0, (int)(sizeof(entries) / sizeof(entries[0])));
	tcase_add_test(t, no_config);
	tcase_add_test(t, config_with_errors);
	tcase_add_test(t, no_such_profile);
	tcase_add_test(t, prints_nothing);
	tcase_add_test(t, copies);
	tcase_add_test(t, at_secure);
	suite_add_tcase(s, t);
	return s;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--secure") == 0)
		return secure_program(argv[2]);
	return fixture_run(suite());
}
