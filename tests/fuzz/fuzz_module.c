/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes the module with what a helper answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card/record.h"
#include "module/interface.h"
#include "module/reach.h"
#include "tests/fuzz/still.h"
#include "tests/fuzz/token.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PIN     "83920174"
#define NEW_PIN "61750938"
#define SO      "55501234"

static const char *const secrets[] = {PIN, NEW_PIN, SO, NULL};

static char dir[] = "/dev/shm/latch-fuzz-XXXXXX";
static char record_path[256];
static pid_t owner;

/* What is left of the input. */
static const uint8_t *answers;
static size_t left;

/* The helper's ends of the conversations. */
static int peers[16];
static size_t n_peers;

#define STAYS \
	0x8000u /* in the two bytes of length: the helper is silent afterwards, else it ends */

/* --- The helper, as module/reach.c would have reached it ----------------------------------------
 */

static int
helper(void)
{
	unsigned word = left >= 2 ? (unsigned)answers[0] << 8 | answers[1] : 0;
	size_t len = word & (STAYS - 1);
	int ends[2];

	if (left < 2 || n_peers == sizeof(peers) / sizeof(peers[0]) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	answers += 2;
	left -= 2;
	if (len > left)
		len = left;
	if (len > 0 && write(ends[1], answers, len) != (ssize_t)len)
		abort();
	answers += len;
	left -= len;
	if ((word & STAYS) == 0)
		shutdown(ends[1], SHUT_WR);
	peers[n_peers++] = ends[1];
	return ends[0];
}

int
reach_spawn(pid_t *child, const char *call)
{
	(void)call;
	*child = 0;
	return helper();
}

int
reach_connect(const char *call)
{
	(void)call;
	return helper();
}

void
reach_reap(pid_t child)
{
	(void)child;
}

/* --- The application ----------------------------------------------------------------------------
 */

static CK_FUNCTION_LIST *f;

static CK_UTF8CHAR *
text(const char *s)
{
	return (CK_UTF8CHAR *)(uintptr_t)s;
}

static void
calls(uint8_t which, CK_SESSION_HANDLE h)
{
	CK_TOKEN_INFO info;

	f->C_GetTokenInfo(TOKEN_SLOT, &info);
	if ((which & 1) != 0) {
		f->C_Login(h, CKU_SO, text(SO), strlen(SO));
		f->C_InitPIN(h, text(PIN), strlen(PIN));
		if ((which & 2) != 0)
			f->C_SetPIN(h, text(SO), strlen(SO), text(SO), strlen(SO));
		f->C_Logout(h);
	}
	if ((which & 4) != 0)
		f->C_SetPIN(h, text(SO), strlen(SO), text(NEW_PIN), strlen(NEW_PIN));
	if ((which & 8) != 0) {
		f->C_Login(h, CKU_USER, text(PIN), strlen(PIN));
		f->C_Login(h, CKU_CONTEXT_SPECIFIC, text(PIN), strlen(PIN));
		f->C_SetPIN(h, text(PIN), strlen(PIN), text(NEW_PIN), strlen(NEW_PIN));
	}
	if ((which & 16) != 0)
		f->C_Login(h, CKU_USER, NULL, 0);
	f->C_GetTokenInfo(TOKEN_SLOT, &info);
	if ((which & 32) != 0)
		f->C_Logout(h);
}

static void
identity(struct identity *id)
{
	memset(id, 0, sizeof(*id));
	snprintf(id->manufacturer, sizeof(id->manufacturer), "%s", token_card.manufacturer);
	snprintf(id->model, sizeof(id->model), "%s", token_card.model);
	snprintf(id->serial, sizeof(id->serial), "%s", token_card.serial);
	snprintf(id->label, sizeof(id->label), "%s", token_card.label);
}

static void
set_record(unsigned state)
{
	static const char *const states[] = {NULL, "active", "blocked", "blocked", "personalizing"};
	static const char *const methods[] = {NULL, "none", "scramble", "lock", "scramble"};
	unsigned char wire[IDENTITY_WIRE_LEN];
	struct identity id;
	FILE *file;
	size_t i;

	unlink(record_path);
	if (states[state] == NULL)
		return;
	file = fopen(record_path, "we");
	if (file == NULL)
		abort();
	fprintf(file,
	    "[Record]\nVersion=1\nState=%s\nMethod=%s\nSequence=0\nSince=1\nToken=", states[state],
	    methods[state]);
	identity(&id);
	identity_pack(&id, wire);
	for (i = 0; i < sizeof(wire); i++)
		fprintf(file, "%02x", wire[i]);
	fputc('\n', file);
	fclose(file);
}

static const char *
path_of(const char *name)
{
	static char path[sizeof(dir) + 64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
clean_up(void)
{
	if (owner != getpid())
		return;
	unlink(record_path);
	unlink(path_of("p11-latch.conf"));
	rmdir(path_of("records"));
	rmdir(dir);
}

static void
set_up(void)
{
	char name[IDENTITY_NAME_MAX];
	struct identity id;
	FILE *file;

	if (mkdtemp(dir) == NULL || mkdir(path_of("records"), 0700) != 0)
		abort();
	owner = getpid();
	atexit(clean_up);
	identity(&id);
	identity_name(&id, false, name);
	snprintf(record_path, sizeof(record_path), "%s/records/%s", dir, name);
	file = fopen(path_of("p11-latch.conf"), "we");
	if (file == NULL ||
	    fprintf(file,
		"[Module]\nPath=/fuzz\n[Latch]\nPolicy=%s/policy.conf\nStateDirectory=%s\n"
		"CallTimeout=60\n",
		dir, dir) < 0 ||
	    fclose(file) != 0 || setenv("P11_LATCH_CONF", path_of("p11-latch.conf"), 1) != 0)
		abort();
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	token_card.manufacturer = "Fuzzing";
	token_card.model = "Model";
	token_card.serial = "0001";
	token_card.label = "A label";
	token_card.min = 4;
	token_card.max = 64;
	token_card.counts = true;
	set_up();
	if (C_GetFunctionList(&f) != CKR_OK || f == NULL)
		abort();
	still_secrets = secrets;
	return 0;
}

/*
 * The record's state, the calls that an application makes, then for each conversation two bytes of
 * length and what the helper says in it, whole frames or not.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CK_SESSION_HANDLE h;

	if (size < 2)
		return 0;
	set_record(data[0] % 5);
	token_set(&token_card.pin, PIN);
	token_set(&token_card.so, SO);
	token_bend(NULL, 0);
	answers = data + 2;
	left = size - 2;
	if (f->C_Initialize(NULL) != CKR_OK ||
	    f->C_OpenSession(TOKEN_SLOT, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &h) !=
		CKR_OK)
		abort();
	calls(data[1], h);
	if ((data[1] & 64) != 0)
		f->C_CloseSession(h);
	/* Whatever the helper said, an application gets rid of the module. */
	if (f->C_Finalize(NULL) != CKR_OK)
		abort();
	while (n_peers > 0)
		close(peers[--n_peers]);
	return 0;
}
