/* SPDX-License-Identifier: BSD-3-Clause */
/* What one PKCS#11 call costs through a module: prints nanoseconds, the least of many batches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench.h"

struct calls {
	struct bench b;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	const char *pin;
};

static CK_UTF8CHAR *
pin_of(const struct calls *c)
{
	return (CK_UTF8CHAR *)(uintptr_t)c->pin;
}

static void
open_one(struct calls *c)
{
	bench_must(c->b.f->C_OpenSession(
		       c->b.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &c->session),
	    "C_OpenSession");
}

static void
session_info(struct calls *c)
{
	CK_SESSION_INFO info;

	c->b.f->C_GetSessionInfo(c->session, &info);
}

static void
token_info(struct calls *c)
{
	CK_TOKEN_INFO info;

	c->b.f->C_GetTokenInfo(c->b.slot, &info);
}

/* C_SignInit and C_Sign, of which neither is intercepted. */
static void
sign(struct calls *c)
{
	CK_MECHANISM mechanism = {CKM_SHA256_HMAC, NULL, 0};
	unsigned char data[32] = {0}, signature[64];
	unsigned long len = sizeof(signature);

	c->b.f->C_SignInit(c->session, &mechanism, c->key);
	c->b.f->C_Sign(c->session, data, sizeof(data), signature, &len);
}

static void
open_close(struct calls *c)
{
	CK_SESSION_HANDLE session;

	c->b.f->C_OpenSession(c->b.slot, CKF_SERIAL_SESSION, NULL, NULL, &session);
	c->b.f->C_CloseSession(session);
}

static void
log_out(struct calls *c)
{
	c->b.f->C_Logout(c->session);
}

static void
close_all(struct calls *c)
{
	c->b.f->C_CloseAllSessions(c->b.slot);
}

static void
context(struct calls *c)
{
	c->b.f->C_Login(c->session, CKU_CONTEXT_SPECIFIC, pin_of(c), strlen(c->pin));
}

static void
log_in(struct calls *c)
{
	c->b.f->C_Login(c->session, CKU_USER, pin_of(c), strlen(c->pin));
}

static void
set_pin(struct calls *c)
{
	c->b.f->C_SetPIN(c->session, pin_of(c), strlen(c->pin), pin_of(c), strlen(c->pin));
}

static void
init_pin(struct calls *c)
{
	c->b.f->C_InitPIN(c->session, pin_of(c), strlen(c->pin));
}

static void
cycle(struct calls *c)
{
	c->b.f->C_Finalize(NULL);
	c->b.f->C_Initialize(NULL);
}

static const struct call {
	const char *name;
	void (*measured)(struct calls *c);
	void (*between)(struct calls *c); /* after each one, not counted; then a batch is of one */
	unsigned batch, batches;
} all[] = {
    {"session-info", session_info, NULL, 2000, 200},
    {"sign", sign, NULL, 200, 100},
    {"open-close", open_close, NULL, 2000, 200},
    {"logout", log_out, NULL, 2000, 200},
    {"close-all", close_all, NULL, 2000, 200},
    {"context", context, NULL, 2000, 200},
    {"token-info", token_info, NULL, 100, 200},
    {"login", log_in, log_out, 1, 60},
    {"login-null", log_in, NULL, 100, 200},
    {"set-pin", set_pin, NULL, 100, 200},
    {"init-pin", init_pin, NULL, 100, 200},
    {"cycle", cycle, NULL, 5, 20},
};

static void
generate(struct calls *c)
{
	CK_MECHANISM mechanism = {CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};
	CK_BBOOL yes = CK_TRUE;
	CK_ULONG len = 32;
	CK_ATTRIBUTE attributes[] = {
	    {CKA_SIGN, &yes, sizeof(yes)},
	    {CKA_VALUE_LEN, &len, sizeof(len)},
	};

	if (c->pin[0] != '\0')
		bench_must(
		    c->b.f->C_Login(c->session, CKU_USER, pin_of(c), strlen(c->pin)), "C_Login");
	bench_must(
	    c->b.f->C_GenerateKey(c->session, &mechanism, attributes, 2, &c->key), "C_GenerateKey");
}

/* Not inlined: callgrind counts what happens in here (--toggle-collect). */
static void __attribute__((noinline)) batch(const struct call *call, struct calls *c, unsigned n)
{
	while (n-- > 0)
		call->measured(c);
}

static double
least(const struct call *call, struct calls *c, unsigned batches)
{
	double best = -1, each;
	uint64_t start;
	unsigned i;

	for (i = 0; i < batches; i++) {
		start = bench_now();
		batch(call, c, call->batch);
		each = (double)(bench_now() - start) / call->batch;
		if (best < 0 || each < best)
			best = each;
		if (call->between != NULL)
			call->between(c);
	}
	return best;
}

/* calls MODULE CALL PIN [BATCHES] */
int
main(int argc, char **argv)
{
	const struct call *call = all;
	struct calls c = {.session = 0};
	size_t i;

	for (i = 0; argc >= 4 && i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, argv[2]) == 0)
			call = &all[i];
	if (argc < 4 || strcmp(call->name, argv[2]) != 0) {
		fputs("usage: calls MODULE CALL PIN [BATCHES]\n", stderr);
		return 2;
	}
	c.pin = argv[3];
	bench_begin(&c.b, argv[1]);
	open_one(&c);
	if (call->measured == sign)
		generate(&c);
	if (call->measured == init_pin)
		bench_must(
		    c.b.f->C_Login(c.session, CKU_SO, pin_of(&c), strlen(c.pin)), "C_Login as SO");
	if (call->measured == close_all)
		c.b.f->C_CloseAllSessions(c.b.slot);
	batch(call, &c, 1); /* what is done once only is no part of it */
	if (call->between != NULL)
		call->between(&c);
	printf("%.1f\n", least(call, &c, argc > 4 ? (unsigned)atoi(argv[4]) : call->batches));
	return 0;
}
