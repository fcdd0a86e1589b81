/* SPDX-License-Identifier: BSD-3-Clause */
/* A card office for the fuzzers: policies, a state directory of their own, one card in a state. */
#include "tests/fuzz/office.h"

#include <dirent.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card/order.h"
#include "helper/conversation.h"
#include "policy/key_manager.h"
#include "policy/log.h"
#include "policy/response.h"
#include "policy/spoken.h"
#include "tests/fuzz/still.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define PATH_SIZE 128

/* In memory: a disk that others keep busy is no finding. */
static char dir[] = "/dev/shm/latch-fuzz-XXXXXX";

#define PATH_MOST (sizeof(dir) + PATH_SIZE + NAME_MAX)

static const char *const profiles[OFFICE_PROFILES] = {
    "generic", "softhsm", "opencryptoki", "opensc", "opensc-piv", "yubikey", "gemalto", "tpm2"};

#define PERSONALIZE "Personalize=personalize.dsc\n"

const char office_offline[] = "[Description]\nInitCRKey=true\nUseCardManagerKey=true\n"
			      "CardManagerKey=#" KEY "\n[Application_B]\nBlockCard=true\n";
/* The same, and the card stays open. */
static const char tickets_alone[] = "[Description]\nInitCRKey=true\nUseCardManagerKey=true\n"
				    "CardManagerKey=#" KEY "\n";

static const char *const policies[OFFICE_POLICIES + 1] = {
    PERSONALIZE,
    PERSONALIZE "Unblock=puk.dsc\n",
    PERSONALIZE "Unblock=new_puk.dsc\n",
    PERSONALIZE "Unblock=key.dsc\n",
    PERSONALIZE "Unblock=letter.dsc\nPinLetter=yes\n",
    PERSONALIZE "Unblock=puk.dsc\nBlockMethod=lock\nPersonalizeOn=set-pin\nBlockAfter=finalize\n",
    PERSONALIZE "Unblock=puk.dsc\nBlockMethod=scramble\nUnblockByLogin=no\n",
    "Unblock=nothing.dsc\n",
    "Personalize=offline.dsc\nUnblock=desk.dsc\nTickets=2\n",
};

static const struct {
	const char *name, *text;
} descriptions[] = {
    {"personalize.dsc", "[Application_B]\nBlockCard=true\n"},
    {"puk.dsc", "[Description]\nSetPIN=true\nInitialPUK=#" SO "\nPIN=!FROM_USER_DIALOG_2_FIELD\n"},
    {"new_puk.dsc", "[Description]\nSetPIN=true\nInitialPUK=#" SO "\nPUK=#" NEW_SO
		    "\nPIN=!FROM_USER_DIALOG_2_FIELD\n"},
    {"key.dsc", "[Description]\nSetPIN=true\nCardManagerKey=#" KEY "\nNewCardManagerKey=#" NEW_KEY
		"\nPIN=!FROM_USER_DIALOG_2_FIELD\n"},
    {"desk.dsc", "[Description]\nSetPIN=true\nPIN=!FROM_USER_DIALOG_2_FIELD\n"
		 "UseCardManagerKey=true\nCardManagerKey=#" KEY "\n"},
    {"letter.dsc", "[Description]\nSetPIN=true\nInitialPUK=#" SO "\nPIN=#" LETTER "\n"},
};

/* scrypt is made to take long; the fuzzers want no more than that each input gives its own output.
 */
int
EVP_KDF_derive(EVP_KDF_CTX *ctx, unsigned char *key, size_t len, const OSSL_PARAM params[])
{
	uint64_t hash = 0xcbf29ce484222325u;
	const OSSL_PARAM *p;
	size_t i;

	(void)ctx;
	for (p = params; p->key != NULL; p++)
		for (i = 0; p->data_type == OSSL_PARAM_OCTET_STRING && i < p->data_size; i++)
			hash = (hash ^ ((const unsigned char *)p->data)[i]) * 0x100000001b3u;
	for (i = 0; i < len; i++) {
		hash = (hash ^ i) * 0x100000001b3u;
		key[i] = (unsigned char)(hash >> 32);
	}
	return 1;
}

static const char *
path_of(const char *folder, const char *name)
{
	static char path[PATH_MOST];

	snprintf(path, sizeof(path), "%s/%s%s", dir, folder, name);
	return path;
}

static void
write_text(const char *folder, const char *name, const char *text)
{
	FILE *f = fopen(path_of(folder, name), "we");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 ||
	    chmod(path_of(folder, name), 0600) != 0)
		abort();
}

static void
empty(const char *folder)
{
	DIR *d = opendir(path_of(folder, ""));
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		unlink(path_of(folder, e->d_name));
	if (d != NULL)
		closedir(d);
}

static pid_t owner;

static void
clean_up(void)
{
	static const char *const folders[] = {
	    "state/records/", "state/private/", "state/", "descriptions/", ""};
	size_t i;

	if (owner != getpid())
		return;
	for (i = 0; i < COUNT(folders); i++) {
		empty(folders[i]);
		rmdir(path_of(folders[i], ""));
	}
}

static const char *
config_name(unsigned profile, unsigned policy)
{
	static char name[32];

	snprintf(name, sizeof(name), "p11-latch-%u-%u.conf", profile, policy);
	return name;
}

static void
write_office(unsigned profile, unsigned policy)
{
	char text[1024];

	snprintf(text, sizeof(text),
	    "[Module]\nPath=/fuzz\nProfile=%s\n[Latch]\nPolicy=%s/policy-%u.conf\n"
	    "StateDirectory=%s/state\nHelper=spawn\n",
	    profiles[profile], dir, policy, dir);
	write_text("", config_name(profile, policy), text);
}

/* Asked for here, or the linker finds the one that loads files. */
static void
try_token(void)
{
	struct vendor *v;

	if (vendor_open("/fuzz", "", 1, &v) != CKR_OK)
		abort();
	vendor_close(v);
}

void
office_set_up(const char *const *secrets)
{
	char text[512], name[32];
	unsigned i, k;

	still_secrets = secrets;
	try_token();

	if (mkdtemp(dir) == NULL || mkdir(path_of("descriptions", ""), 0700) != 0 ||
	    mkdir(path_of("state", ""), 0700) != 0)
		abort();
	owner = getpid();
	/* P11_LATCH_DEBUG=1 shows what one input makes of a card. */
	log_init();
	atexit(clean_up);
	for (i = 0; i < COUNT(descriptions); i++)
		write_text("descriptions/", descriptions[i].name, descriptions[i].text);
	write_text("descriptions/", "offline.dsc", office_offline);
	for (k = 0; k < COUNT(policies); k++) {
		snprintf(text, sizeof(text), "[pkcs11:]\n%s", policies[k]);
		snprintf(name, sizeof(name), "policy-%u.conf", k);
		write_text("", name, text);
		for (i = 0; i < OFFICE_PROFILES; i++)
			write_office(i, k);
	}
}

/* --- One card ----------------------------------------------------------------------------------
 */

static bool
is_offline(const struct scene *s)
{
	return s->policy == OFFICE_OFFLINE;
}

static unsigned
policy_of(const struct scene *s)
{
	return is_offline(s) ? OFFICE_POLICIES : s->policy % OFFICE_POLICIES;
}

static bool
takes_key(const struct scene *s)
{
	return policy_of(s) == 3 || s->profile % OFFICE_PROFILES == 6;
}

static void
new_card(const struct scene *s)
{
	unsigned profile = s->profile % OFFICE_PROFILES;
	struct token_card *c = &token_card;

	memset(c, 0, sizeof(*c));
	c->manufacturer = "Fuzzing";
	c->model = "Model";
	c->serial = "0001";
	c->label = "A label";
	/* As the profile wants it: else the card is refused, and nothing comes of it. */
	c->min = profile == 4 || profile == 5 ? 6 : profile == 7 ? 0 : 4;
	c->max = profile == 2 ? 8 : profile == 5 ? 48 : profile == 7 ? 128 : 255;
	c->counts = profile != 1 && profile != 7;
	c->puk_is_so = profile == 4 || profile == 5;
	c->has_objects = is_offline(s);
	token_set(&c->so, takes_key(s) ? KEY : SO);
	token_set(&c->pin, FIRST_PIN);
}

/* Honestly, by the office itself: what cannot be done in this scene leaves the card as it was. */
static void
order_with(const char *config, struct order *o)
{
	FILE *out = fopen("/dev/null", "we");
	struct office office;
	unsigned asks = 0;

	o->uri = strdup("pkcs11:");
	if (out != NULL && office_open(&office, config, CALLER_SELF) == CKR_OK) {
		order_run(&office, o, out, &asks);
		office_close(&office);
	}
	order_clear(o);
	if (out != NULL)
		fclose(out);
}

static void
order(const char *config, enum order_op op, const char *so)
{
	struct order o = {.op = op, .force = true};

	o.answers[ANSWER_SO] = secret_new(so, strlen(so));
	order_with(config, &o);
}

/* The card gets tickets. */
static void
apply(const char *config, const char *text)
{
	struct order o = {.op = ORDER_APPLY};

	o.answers[ANSWER_PUK] = secret_new(SO, strlen(SO));
	o.file = strdup("offline.dsc");
	o.text = strdup(text);
	o.len = strlen(text);
	order_with(config, &o);
}

static void
offline_state(const struct scene *s, const char *config)
{
	switch (s->state % 5) {
	case 1:
		token_card.pin.len = 0;
		break;
	case 2:
		order(config, ORDER_ADOPT, "");
		apply(config, tickets_alone);
		break;
	case 3:
		apply(config, office_offline);
		break;
	case 4:
		apply(config, office_offline);
		token_card.so.left = 2;
		break;
	}
}

const char *
office_scene(const struct scene *s)
{
	static char config[PATH_MOST];

	empty("state/records/");
	empty("state/private/");
	unlink(path_of("state/", "sequence"));
	snprintf(config, sizeof(config), "%s",
	    path_of("", config_name(s->profile % OFFICE_PROFILES, policy_of(s))));
	new_card(s);
	token_bend(NULL, 0);
	if (is_offline(s)) {
		offline_state(s, config);
		return config;
	}
	switch (s->state % 5) {
	case 1:
		token_card.pin.len = 0;
		break;
	case 2:
		order(config, ORDER_ADOPT, "");
		break;
	case 3:
		order(config, ORDER_BLOCK, takes_key(s) ? KEY : SO);
		break;
	case 4:
		order(config, ORDER_BLOCK, takes_key(s) ? KEY : SO);
		token_card.so.left = 2;
		break;
	}
	return config;
}

enum caller
office_caller(const struct scene *s)
{
	static const enum caller callers[] = {CALLER_SELF, CALLER_OPERATOR, CALLER_ANYONE};

	return callers[s->caller % COUNT(callers)];
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

void
office_identity(struct wire *w)
{
	unsigned char wire[IDENTITY_WIRE_LEN];
	struct identity id;

	identity(&id);
	identity_pack(&id, wire);
	wire_put(w, WIRE_IDENTITY, wire, sizeof(wire));
}

enum record_status
office_record(struct record *r)
{
	char state[PATH_MOST];
	struct identity id;
	enum record_status status;

	identity(&id);
	snprintf(state, sizeof(state), "%s", path_of("state", ""));
	status = record_read(state, &id, false, r);
	return status == RECORD_ABSENT ? record_read(state, &id, true, r) : status;
}

void
office_converse(const struct scene *s, const char *config, int sock)
{
	struct conversation k = {.holder = -1, .signals = -1, .card = {.lock = -1, .gate = -1}};

	k.sock = sock;
	k.config_file = config;
	k.caller = office_caller(s);
	k.spawned = k.caller == CALLER_SELF;
	conversation_run(&k);
	conversation_close(&k);
}

const char *
office_response(void)
{
	static char text[SPOKEN_TEXT];
	unsigned char challenge[SPOKEN_MAX];
	struct secret *key = NULL, *response = NULL, *spoken = secret_new(KEY, strlen(KEY));
	struct record r;
	size_t size;

	text[0] = '\0';
	if (office_record(&r) == RECORD_FOUND && r.challenge[0] != '\0' &&
	    key_parse_manager(spoken, &key, NULL, NULL) == KEY_GOOD) {
		size = spoken_read(r.challenge, strlen(r.challenge), challenge, NULL);
		if (!response_compute(key, challenge, size, &response))
			abort();
		spoken_write(secret_bytes(response), size, text);
	}
	secret_free(&spoken);
	secret_free(&key);
	secret_free(&response);
	return text;
}

static bool
unblocks(const char *config, bool last_try)
{
	struct order o = {.op = ORDER_UNBLOCK, .force = true, .last_try = last_try};

	o.answers[ANSWER_PIN] = secret_new(NEW_PIN, strlen(NEW_PIN));
	order_with(config, &o);
	return token_is(&token_card.pin, NEW_PIN);
}

bool
office_unblocks(const struct scene *s, const char *config)
{
	token_bend(NULL, 0);
	if (!is_offline(s))
		return false;
	/* The last try is a person's to spend; and what the card refused is not tried again, until
	 * one says so. */
	if (unblocks(config, false) || unblocks(config, true))
		return true;
	order(config, ORDER_RESET, "");
	return unblocks(config, false);
}

bool
office_pin_is_known(void)
{
	const struct token_secret *pin = &token_card.pin;

	return pin->len == 0 || (token_card.counts && pin->left == 0) || token_is(pin, FIRST_PIN) ||
	       token_is(pin, NEW_PIN) || token_is(pin, LETTER);
}

bool
office_so_is_known(void)
{
	const struct token_secret *so = &token_card.so;

	return token_is(so, SO) || token_is(so, NEW_SO) || token_is(so, KEY) ||
	       token_is(so, NEW_KEY);
}
