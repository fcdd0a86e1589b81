/* SPDX-License-Identifier: BSD-3-Clause */
/* The store of tickets and boxes, as the flows use it: one card, and what a test tells it to do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card/so.h"
#include "card/tickets.h"
#include "policy/log.h"
#include "policy/secret.h"

/*
 * store LABEL COMMAND..., on the token of that label ("" for the one that is there), by
 * P11_LATCH_CONF. Each prints one line:
 *	read            what lies there, numbers ascending
 *	put T G         tickets T (3-10, or 0 for none) and box G of them (0: none)
 *	keep T G        removes all others
 *	forget          removes the files
 *	bytes T, box T G    the first ticket of T, or the box, in hexadecimal
 *	draw            what so_draw() gives: number and kind of characters, never the secret itself
 * Tickets and boxes of the same numbers are always the same.
 */
#define TICKETS_MAX 256

struct set {
	struct ticket tickets[TICKETS_MAX];
	const struct ticket *list[TICKETS_MAX];
	size_t n;
	struct box *box;
};

static bool
count_up(unsigned char *to, size_t len, void *arg)
{
	unsigned char *next = arg;

	while (len-- > 0)
		*to++ = (*next)++;
	return true;
}

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "store: %s\n", what);
	exit(2);
}

/* One whose private key is its number; nobody opens it here. */
static void
make_ticket(unsigned number, struct ticket *t)
{
	struct secret *private = secret_alloc(SEAL_KEY);

	memset(t, 0, sizeof(*t));
	t->cipher = MANAGER_DES;
	t->number = number;
	memset(t->challenge, (int)number, 8);
	secret_data(private)[8] = (unsigned char)number;
	secret_data(private)[9] = (unsigned char)(number >> 8);
	must(seal_public(private, t->public), "no key");
	secret_free(&private);
}

static void
make_set(const char *tickets, const char *generation, struct set *s)
{
	unsigned first = (unsigned)strtoul(tickets, NULL, 10), last = first;
	const char *dash = strchr(tickets, '-');
	struct secret *so = secret_new("12345678", 8),
		      *helpdesk = secret_new("0123456789abcdef0123456789abcdef", 32);
	const struct card_name name = {.bytes = "store", .len = 16};
	unsigned char public[SEAL_KEY], next = 1;
	const struct draw draw = {.bytes = count_up, .arg = &next};

	memset(s, 0, sizeof(*s));
	if (dash != NULL)
		last = (unsigned)strtoul(dash + 1, NULL, 10);
	for (; first != 0 && first <= last && s->n < TICKETS_MAX; first++) {
		make_ticket(first, &s->tickets[s->n]);
		s->list[s->n] = &s->tickets[s->n];
		s->n++;
	}
	if (strcmp(generation, "0") != 0) {
		must(seal_public(helpdesk, public), "no key");
		s->box = box_seal(
		    so, public, s->list, s->n, strtoull(generation, NULL, 10), last, &name, &draw);
		must(s->box != NULL, "no box");
	}
	secret_free(&helpdesk);
	secret_free(&so);
}

static void
print_hex(const unsigned char *bytes, size_t len)
{
	while (len-- > 0)
		printf("%02x", *bytes++);
	putchar('\n');
}

/* Numbers that follow each other as 3-10. */
static void
print_read(const struct tickets *t)
{
	size_t i, k;

	printf("tickets");
	for (i = 0; i < t->n; i = k) {
		for (k = i + 1; k < t->n && t->list[k].number == t->list[k - 1].number + 1; k++)
			continue;
		printf(" %u", t->list[i].number);
		if (k > i + 1)
			printf("-%u", t->list[k - 1].number);
	}
	printf(" boxes");
	for (i = 0; i < t->n_boxes; i++)
		printf(" %llu", (unsigned long long)t->boxes[i]->generation);
	printf(" bad %zu newer %zu%s%s\n", t->n_bad, t->n_newer, t->too_many ? " many" : "",
	    t->on_token ? " token" : "");
}

static void
draw(struct card *c)
{
	struct so so;
	size_t i, digits = 0, letters = 0;

	must(card_peek(c) == CKR_OK, "no card");
	if (!so_draw(c, &so)) {
		puts("draw none");
		return;
	}
	for (i = 0; i < secret_len(so.pin); i++) {
		unsigned char b = secret_bytes(so.pin)[i];

		digits += b >= '0' && b <= '9';
		letters += (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z');
	}
	printf("draw %zu %s%s\n", secret_len(so.pin),
	    digits == secret_len(so.pin)             ? "digits"
	    : digits + letters == secret_len(so.pin) ? "letters"
						     : "other",
	    so.key ? " key" : "");
	so_clear(&so);
}

/* How many words it took. */
static int
run(struct card *c, char **words, int n)
{
	struct tickets t;
	struct set s;
	CK_RV rv;

	if (strcmp(words[0], "read") == 0) {
		rv = tickets_read(c, &t);
		if (rv == CKR_OK)
			print_read(&t);
		else
			printf("read %s\n", rv_name(rv));
		tickets_clear(&t);
		return 1;
	}
	if (strcmp(words[0], "forget") == 0) {
		puts(tickets_forget(c) ? "forget CKR_OK" : "forget failed");
		return 1;
	}
	if (strcmp(words[0], "draw") == 0) {
		draw(c);
		return 1;
	}
	must(n >= 2, "a word is missing");
	make_set(words[1], n >= 3 ? words[2] : "0", &s);
	if (strcmp(words[0], "put") == 0) {
		printf("put %s\n", rv_name(tickets_put(c, s.list, s.n, s.box)));
	} else if (strcmp(words[0], "keep") == 0) {
		printf("keep %s\n", rv_name(tickets_keep(c, s.list, s.n, s.box)));
	} else if (strcmp(words[0], "box") == 0) {
		must(s.box != NULL, "no box");
		print_hex(s.box->bytes, s.box->len);
	} else {
		unsigned char bytes[TICKET_SIZE];

		must(strcmp(words[0], "bytes") == 0, "no such command");
		ticket_write(&s.tickets[0], bytes);
		print_hex(bytes, sizeof(bytes));
	}
	box_free(&s.box);
	return strcmp(words[0], "bytes") == 0 ? 2 : 3;
}

static bool
find_card(struct office *o, const char *label, struct identity *id)
{
	struct token *list = NULL;
	bool found = false;
	size_t n = 0, i;

	must(vendor_start(o->vendor) == CKR_OK, "the module does not begin");
	must(vendor_tokens(o->vendor, &list, &n) == CKR_OK, "no tokens");
	for (i = 0; i < n && !found; i++) {
		found = (label[0] == '\0' && (list[i].info.flags & CKF_TOKEN_INITIALIZED) != 0) ||
			strcmp(label, list[i].id.label) == 0;
		*id = list[i].id;
	}
	vendor_stop(o->vendor);
	free(list);
	return found;
}

int
main(int argc, char **argv)
{
	struct identity id;
	struct office o;
	struct card c;
	int i = 2;

	secret_init();
	log_init();
	must(argc > 2, "usage: store LABEL COMMAND...");
	must(office_open(&o, getenv("P11_LATCH_CONF"), CALLER_SELF) == CKR_OK, "no office");
	must(find_card(&o, argv[1], &id), "no such token");
	must(card_open(&c, &o, &id) == CKR_OK, "the card cannot be opened");
	must(card_take(&c, 1000) == LOCK_TAKEN, "the card is locked by another process");
	while (i < argc)
		i += run(&c, argv + i, argc - i);
	card_close(&c);
	office_close(&o);
	return 0;
}
