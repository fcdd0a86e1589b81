/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints the test vector as p11-latch(7) has it; with --seeds DIR, writes the fuzzers' seeds of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/vector.h"

#define WIDTH 19 /* of a name and what follows it */
#define LINE  24 /* bytes */

static void
hex(const char *name, const unsigned char *bytes, size_t len)
{
	size_t i;

	printf("%-*s", WIDTH, name);
	for (i = 0; i < len; i++) {
		if (i != 0 && i % LINE == 0)
			printf("\n%*s", WIDTH, "");
		printf("%02x", bytes[i]);
	}
	putchar('\n');
}

static void
secret_hex(const char *name, const struct secret *s)
{
	hex(name, secret_bytes(s), secret_len(s));
}

static void
print_ticket(const struct vector *v, size_t i)
{
	struct secret *once = ticket_once(&v->tickets[i], v->responses[i]), *private = NULL;
	unsigned char bytes[TICKET_SIZE];

	if (once == NULL || ticket_open_once(&v->tickets[i], &v->name, once, &private) != SEAL_OPEN)
		exit(1);
	secret_hex("response", v->responses[i]);
	secret_hex("scrypt", once);
	secret_hex("private key", private);
	ticket_write(&v->tickets[i], bytes);
	hex("ticket", bytes, sizeof(bytes));
	secret_free(&private);
	secret_free(&once);
}

static void
print_vector(const struct vector *v, size_t n)
{
	struct box_content content;
	size_t i;

	secret_hex("card manager key", v->key);
	hex("name of the card", v->name.bytes, v->name.len);
	secret_hex("helpdesk private", v->helpdesk);
	hex("helpdesk public", v->helpdesk_public, SEAL_KEY);
	for (i = 0; i < n; i++)
		print_ticket(v, i);
	if (box_open(v->box, &v->name, BOX_HELPDESK, v->helpdesk, &content) != SEAL_OPEN)
		exit(1);
	secret_hex("SO secret", content.so);
	hex("hash of tickets", content.tickets, BOX_HASH);
	hex("box", v->box->bytes, v->box->len);
	box_clear(&content);
}

static void
write_seed(const char *dir, const char *fuzzer, const char *name, const void *bytes, size_t len)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s", dir, fuzzer, name);
	f = fopen(path, "wb");
	if (f == NULL || fwrite(bytes, 1, len, f) != len || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

static void
write_seeds(const char *dir, const struct vector *des, const struct vector *aes)
{
	unsigned char bytes[TICKET_SIZE];

	ticket_write(&des->tickets[0], bytes);
	write_seed(dir, "fuzz_ticket", "des", bytes, sizeof(bytes));
	ticket_write(&aes->tickets[0], bytes);
	write_seed(dir, "fuzz_ticket", "aes", bytes, sizeof(bytes));
	write_seed(dir, "fuzz_box", "des", des->box->bytes, des->box->len);
	write_seed(dir, "fuzz_box", "aes", aes->box->bytes, aes->box->len);
}

int
main(int argc, char **argv)
{
	struct vector des, aes;

	vector_make(&des);
	vector_make_aes(&aes);
	if (argc == 3 && strcmp(argv[1], "--seeds") == 0) {
		write_seeds(argv[2], &des, &aes);
	} else {
		print_vector(&des, 2);
		putchar('\n');
		print_vector(&aes, 1);
	}
	vector_free(&aes);
	vector_free(&des);
	return 0;
}
