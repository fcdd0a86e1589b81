/* SPDX-License-Identifier: BSD-3-Clause */
/* A stranger who knows how tickets and boxes are made, and has no secret but what he overheard. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card/offline.h"
#include "card/tickets_part.h"
#include "policy/key_manager.h"
#include "policy/log.h"
#include "policy/secret.h"

/*
 * stranger_box LABEL COMMAND ARG..., on the token of that label behind the module that
 * P11_LATCH_CONF names. He reads, writes and removes public objects, without logging in:
 *	copy FOLDER             all of ours, as ticket-3.0, box-7.1 (the last number tells those of
 *one name apart) put FILE...             objects with what is in the files, whatever it is remove
 *NAME...          those whose name begins so ("ticket-3.", "box-"); nothing else flip FILE BIT
 *changes the file swap FILE A B           swaps entries A and B of the box in the file ticket FILE
 *NUMBER CHALLENGE RESPONSE a ticket with his own key in it, that opens by this response box FILE
 *GENERATION LAST PUK NUMBER... a box of this SO secret for the tickets of these numbers as they lie
 *on the token, where there are several the first one; the helpdesk is he twin FILE one of the
 *generation and for the tickets of the newest box that lies there, that comes before it in every
 *order secrets FOLDER [RESPONSE] prints every SO secret that he can have out of the boxes of the
 *token and of the folder: by his own key, and by the tickets of both that the response opens
 *	desk KEY [all]          no stranger: the SO secret of the newest box on the token that this
 *	                        card manager key opens; or of all, the newest first
 */
#define THINGS_MAX 512

struct thing {
	unsigned char *bytes;
	size_t len;
};

struct things {
	struct thing list[THINGS_MAX];
	size_t n;
};

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "stranger_box: %s\n", what);
	exit(2);
}

/* His own, always the same. */
static struct secret *
own_private(void)
{
	return secret_new("the stranger's own key, 32 bytes", SEAL_KEY);
}

static void
own_public(unsigned char public[SEAL_KEY])
{
	struct secret *private = own_private();

	must(seal_public(private, public), "no key");
	secret_free(&private);
}

/* --- Files and objects ------------------------------------------------------------------------ */

static void
add(struct things *t, const unsigned char *bytes, size_t len)
{
	struct thing *thing = &t->list[t->n];

	must(t->n++ < THINGS_MAX && (thing->bytes = malloc(len + 1)) != NULL, "too many");
	memcpy(thing->bytes, bytes, len);
	thing->len = len;
}

static void
things_free(struct things *t)
{
	while (t->n > 0)
		free(t->list[--t->n].bytes);
}

static void
file_read(const char *path, struct things *t)
{
	unsigned char bytes[2 * BOX_SIZE_MAX];
	FILE *f = fopen(path, "re");

	must(f != NULL, path);
	add(t, bytes, fread(bytes, 1, sizeof(bytes), f));
	fclose(f);
}

static void
file_write(const char *path, const unsigned char *bytes, size_t len)
{
	FILE *f = fopen(path, "we");

	must(f != NULL && fwrite(bytes, 1, len, f) == len && fclose(f) == 0, path);
}

static void
folder_read(const char *path, struct things *t)
{
	char file[4096];
	struct dirent *e;
	DIR *d = opendir(path);

	must(d != NULL, path);
	while ((e = readdir(d)) != NULL) {
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		if (e->d_name[0] != '.')
			file_read(file, t);
	}
	closedir(d);
}

/* As p11-latch would call it; what is neither ticket nor box is "other-0". */
static void
name_of(const struct thing *thing, char *name, size_t size)
{
	struct ticket ticket;
	struct box *b;

	snprintf(name, size, "other-0");
	if (ticket_parse(thing->bytes, thing->len, &ticket) == FORMAT_GOOD)
		snprintf(name, size, "ticket-%u", ticket.number);
	if (box_parse(thing->bytes, thing->len, &b) == FORMAT_GOOD)
		snprintf(name, size, "box-%llu", (unsigned long long)b->generation);
	box_free(&b);
}

static CK_RV
see(struct work *w, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, const unsigned char *bytes,
    size_t len, void *arg)
{
	(void)w;
	(void)session;
	(void)object;
	if (bytes != NULL)
		add(arg, bytes, len);
	return CKR_OK;
}

static CK_RV
work_read(struct work *w, void *arg)
{
	bool too_many;

	things_free(arg);
	return objects_each(w, false, see, arg, &too_many);
}

static void
token_read(struct card *c, struct things *t)
{
	must(card_work(c, work_read, t) == CKR_OK, "the token cannot be read");
}

static CK_RV
work_put(struct work *w, void *arg)
{
	const struct thing *thing = arg;
	struct item item = {.bytes = thing->bytes, .len = thing->len};
	CK_SESSION_HANDLE session;
	char name[64];
	CK_RV rv;

	name_of(thing, name, sizeof(name));
	item.is_box = name[0] == 'b';
	item.number = strtoull(strchr(name, '-') + 1, NULL, 10);

	rv =
	    w->f->C_OpenSession(w->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);
	if (rv != CKR_OK)
		return rv;
	rv = object_create(w, session, &item);
	w->f->C_CloseSession(session);
	return rv;
}

static void
put(struct card *c, char **files, int n)
{
	struct things t = {.n = 0};
	size_t i;

	while (n-- > 0)
		file_read(*files++, &t);
	for (i = 0; i < t.n; i++)
		must(card_work(c, work_put, &t.list[i]) == CKR_OK, "the token takes no object");
	things_free(&t);
}

struct names {
	char **list;
	int n;
};

static CK_RV
remove_named(struct work *w, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    const unsigned char *bytes, size_t len, void *arg)
{
	const struct names *names = arg;
	struct thing thing = {(void *)(uintptr_t)bytes, len};
	char name[64];
	int i;

	if (bytes == NULL)
		return CKR_OK;
	name_of(&thing, name, sizeof(name) - 1);
	strcat(name, ".");
	for (i = 0; i < names->n; i++) {
		if (strncmp(name, names->list[i], strlen(names->list[i])) == 0)
			return w->f->C_DestroyObject(session, object);
	}
	return CKR_OK;
}

static CK_RV
work_remove(struct work *w, void *arg)
{
	bool too_many;

	return objects_each(w, true, remove_named, arg, &too_many);
}

static void
copy(struct card *c, const char *folder)
{
	struct things t = {.n = 0};
	char name[64], path[4096];
	size_t i;

	token_read(c, &t);
	for (i = 0; i < t.n; i++) {
		name_of(&t.list[i], name, sizeof(name));
		snprintf(path, sizeof(path), "%s/%s.%zu", folder, name, i);
		file_write(path, t.list[i].bytes, t.list[i].len);
	}
	things_free(&t);
}

/* --- What is changed -------------------------------------------------------------------------- */

static void
flip(const char *path, size_t bit)
{
	struct things t = {.n = 0};

	file_read(path, &t);
	must(bit / 8 < t.list[0].len, "no such bit");
	t.list[0].bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
	file_write(path, t.list[0].bytes, t.list[0].len);
	things_free(&t);
}

/* The sealed parts only; the numbers stay where they are. */
static void
swap(const char *path, size_t a, size_t b)
{
	unsigned char held[BOX_ENTRY - 2], *x, *y;
	struct things t = {.n = 0};

	file_read(path, &t);
	x = t.list[0].bytes + BOX_HEADER + a * BOX_ENTRY + 2;
	y = t.list[0].bytes + BOX_HEADER + b * BOX_ENTRY + 2;
	must(BOX_HEADER + (a > b ? a + 1 : b + 1) * BOX_ENTRY <= t.list[0].len, "no such entry");
	memcpy(held, x, sizeof(held));
	memcpy(x, y, sizeof(held));
	memcpy(y, held, sizeof(held));
	file_write(path, t.list[0].bytes, t.list[0].len);
	things_free(&t);
}

/* --- What is forged --------------------------------------------------------------------------- */

/* As card/ticket.c does it, but that the key in it is his. */
static void
forge_ticket(const struct card *c, const char *path, unsigned number, const char *challenge,
    const char *response)
{
	unsigned char bytes[TICKET_SIZE], ad[TICKET_SIZE + CARD_NAME_MAX], spoken[SPOKEN_MAX];
	struct secret *private = own_private(), *answer, *once;
	struct ticket t = {.number = number};
	struct card_name name;
	size_t size = spoken_read(challenge, strlen(challenge), t.challenge, NULL), head;

	must(size != 0 && spoken_read(response, strlen(response), spoken, NULL) == size, "digits");
	t.cipher = size == 8 ? MANAGER_DES : MANAGER_AES;
	memcpy(t.salt, "his own salt....", TICKET_SALT);
	own_public(t.public);
	answer = secret_new(spoken, size);
	once = ticket_once(&t, answer);
	ticket_write(&t, bytes);
	head = TICKET_SIZE - TICKET_SALT - sizeof(t.sealed);
	offline_name(c, &name);
	memcpy(ad, bytes, head);
	memcpy(ad + head, name.bytes, name.len);
	must(seal_close(once, ad, head + name.len, private, t.sealed), "no ticket");
	ticket_write(&t, bytes);
	file_write(path, bytes, sizeof(bytes));
	secret_free(&once);
	secret_free(&answer);
	secret_free(&private);
}

/* The first ticket of this number. */
static bool
find_ticket(const struct things *t, unsigned number, struct ticket *found)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (ticket_parse(t->list[i].bytes, t->list[i].len, found) == FORMAT_GOOD &&
		    found->number == number)
			return true;
	}
	return false;
}

static struct box *
forge(const struct card *c, const struct things *t, uint64_t generation, unsigned last,
    const char *puk, const unsigned *numbers, size_t n)
{
	struct ticket tickets[BOX_TICKETS_MAX];
	const struct ticket *list[BOX_TICKETS_MAX];
	struct secret *so = secret_new(puk, strlen(puk));
	unsigned char public[SEAL_KEY];
	struct card_name name;
	struct box *b;
	size_t i;

	for (i = 0; i < n; i++) {
		must(find_ticket(t, numbers[i], &tickets[i]), "no such ticket on the token");
		list[i] = &tickets[i];
	}
	offline_name(c, &name);
	own_public(public);
	b = box_seal(so, public, list, n, generation, last, &name, NULL);
	must(b != NULL, "no box");
	secret_free(&so);
	return b;
}

static void
forge_box(struct card *c, char **words, int n)
{
	struct things t = {.n = 0};
	unsigned numbers[BOX_TICKETS_MAX];
	struct box *b;
	int i;

	must(n >= 4 && n - 4 <= BOX_TICKETS_MAX, "usage");
	token_read(c, &t);
	for (i = 4; i < n; i++)
		numbers[i - 4] = (unsigned)strtoul(words[i], NULL, 10);
	b = forge(c, &t, strtoull(words[1], NULL, 10), (unsigned)strtoul(words[2], NULL, 10),
	    words[3], numbers, (size_t)(n - 4));
	file_write(words[0], b->bytes, b->len);
	box_free(&b);
	things_free(&t);
}

static struct box *
newest(const struct things *t)
{
	struct box *found = NULL, *b;
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (box_parse(t->list[i].bytes, t->list[i].len, &b) != FORMAT_GOOD)
			continue;
		if (found == NULL || b->generation > found->generation) {
			box_free(&found);
			found = b;
		} else {
			box_free(&b);
		}
	}
	must(found != NULL, "no box on the token");
	return found;
}

static void
forge_twin(struct card *c, const char *path)
{
	struct things t = {.n = 0};
	struct box *real, *b = NULL;

	token_read(c, &t);
	real = newest(&t);
	do {
		box_free(&b);
		b = forge(c, &t, real->generation, real->last, "13572468", real->numbers + 1,
		    real->n - 1);
	} while (memcmp(b->bytes, real->bytes, real->len) > 0);
	file_write(path, b->bytes, b->len);
	box_free(&b);
	box_free(&real);
	things_free(&t);
}

/* --- What he learns --------------------------------------------------------------------------- */

static void
open_by(const struct card *c, const struct things *t, const struct secret *private)
{
	struct box_content content;
	struct card_name name;
	struct box *b;
	size_t i, k;

	offline_name(c, &name);
	for (i = 0; i < t->n; i++) {
		if (box_parse(t->list[i].bytes, t->list[i].len, &b) != FORMAT_GOOD)
			continue;
		for (k = 0; k < b->n; k++) {
			if (box_open(b, &name, b->numbers[k], private, &content) == SEAL_OPEN)
				printf("%.*s\n", (int)secret_len(content.so),
				    (const char *)secret_bytes(content.so));
			box_clear(&content);
		}
		box_free(&b);
	}
}

static void
secrets(struct card *c, const char *folder, const char *response)
{
	struct secret *private = own_private(), *answer = NULL;
	unsigned char spoken[SPOKEN_MAX];
	struct things t = {.n = 0};
	struct card_name name;
	struct ticket ticket;
	size_t size = 0, i;

	token_read(c, &t);
	folder_read(folder, &t);
	open_by(c, &t, private);
	secret_free(&private);
	if (response != NULL)
		size = spoken_read(response, strlen(response), spoken, NULL);
	must(response == NULL || size != 0, "no response");
	offline_name(c, &name);
	answer = secret_new(spoken, size);
	for (i = 0; size != 0 && i < t.n; i++) {
		if (ticket_parse(t.list[i].bytes, t.list[i].len, &ticket) == FORMAT_GOOD &&
		    ticket_open(&ticket, &name, answer, &private) == SEAL_OPEN)
			open_by(c, &t, private);
		secret_free(&private);
	}
	secret_free(&answer);
	things_free(&t);
}

/* --- What a desk knows, to compare it with ---------------------------------------------------- */

/* The newest that is older than this one. */
static struct secret *
older(const struct things *t, const struct card_name *name, const struct secret *private,
    uint64_t *generation)
{
	struct box_content content;
	struct secret *so = NULL;
	uint64_t found = 0;
	struct box *b;
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (box_parse(t->list[i].bytes, t->list[i].len, &b) != FORMAT_GOOD)
			continue;
		if (b->generation > found && b->generation < *generation &&
		    box_open(b, name, BOX_HELPDESK, private, &content) == SEAL_OPEN) {
			secret_free(&so);
			so = secret_dup(content.so);
			found = b->generation;
			box_clear(&content);
		}
		box_free(&b);
	}
	*generation = found;
	return so;
}

static void
desk(struct card *c, const char *digits, bool all)
{
	struct secret *typed = secret_new(digits, strlen(digits)), *key = NULL, *private, *so;
	uint64_t generation = UINT64_MAX;
	struct things t = {.n = 0};
	struct card_name name;
	bool aes, any = false;

	must(key_parse_manager(typed, &key, &aes, NULL) == KEY_GOOD, "no key");
	offline_name(c, &name);
	private = helpdesk_private(key, aes ? MANAGER_AES : MANAGER_DES, &name);
	token_read(c, &t);
	while ((!any || all) && (so = older(&t, &name, private, &generation)) != NULL) {
		printf("%.*s\n", (int)secret_len(so), (const char *)secret_bytes(so));
		secret_free(&so);
		any = true;
	}
	must(any, "this key opens no box");
	secret_free(&private);
	secret_free(&key);
	secret_free(&typed);
	things_free(&t);
}

/* ---------------------------------------------------------------------------------------------- */

static bool
find_card(struct office *o, const char *label, struct identity *id)
{
	struct token *list = NULL;
	bool found = false;
	size_t n = 0, i;

	must(vendor_start(o->vendor) == CKR_OK, "the module does not begin");
	must(vendor_tokens(o->vendor, &list, &n) == CKR_OK, "no tokens");
	for (i = 0; i < n && !found; i++) {
		found = strcmp(label, list[i].id.label) == 0;
		*id = list[i].id;
	}
	vendor_stop(o->vendor);
	free(list);
	return found;
}

static void
run(struct card *c, const char *command, char **words, int n)
{
	struct names names = {words, n};

	must(n >= 1, "a word is missing");
	if (strcmp(command, "copy") == 0)
		copy(c, words[0]);
	else if (strcmp(command, "put") == 0)
		put(c, words, n);
	else if (strcmp(command, "remove") == 0)
		must(card_work(c, work_remove, &names) == CKR_OK, "an object cannot be removed");
	else if (strcmp(command, "flip") == 0 && n == 2)
		flip(words[0], strtoul(words[1], NULL, 10));
	else if (strcmp(command, "swap") == 0 && n == 3)
		swap(words[0], strtoul(words[1], NULL, 10), strtoul(words[2], NULL, 10));
	else if (strcmp(command, "ticket") == 0 && n == 4)
		forge_ticket(
		    c, words[0], (unsigned)strtoul(words[1], NULL, 10), words[2], words[3]);
	else if (strcmp(command, "box") == 0)
		forge_box(c, words, n);
	else if (strcmp(command, "twin") == 0)
		forge_twin(c, words[0]);
	else if (strcmp(command, "secrets") == 0)
		secrets(c, words[0], n > 1 ? words[1] : NULL);
	else if (strcmp(command, "desk") == 0)
		desk(c, words[0], n > 1 && strcmp(words[1], "all") == 0);
	else
		must(false, "no such command");
}

int
main(int argc, char **argv)
{
	struct identity id;
	struct office o;
	struct card c;

	secret_init();
	log_init();
	must(argc > 3, "usage: stranger_box LABEL COMMAND ARG...");
	must(office_open(&o, getenv("P11_LATCH_CONF"), CALLER_SELF) == CKR_OK, "no office");
	must(find_card(&o, argv[1], &id), "no such token");
	must(card_open(&c, &o, &id) == CKR_OK, "the card cannot be opened");
	run(&c, argv[2], argv + 3, argc - 3);
	card_close(&c);
	office_close(&o);
	return 0;
}
