/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch key check: what a card manager key is, and what is wrong with it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "policy/json.h"
#include "policy/key.h"
#include "tool/key.h"
#include "tool/tool.h"

#define PARTS 3

/* What was seen of a key. */
struct seen {
	enum key_kind kind;
	bool also_aes; /* none was asked for, and its length is that of an AES key too */
	enum key_kind aes;
	size_t size; /* bytes */
	struct key_parts parts;
	bool well_known;
	char kcv[7], kcv_aes[7];
};

static struct secret *
read_key(void)
{
	return isatty(STDIN_FILENO) == 1 ? tool_ask("Card manager key", false, NULL)
					 : tool_secret("-", "the card manager key");
}

static void
name_kind(const struct key_words *words, struct seen *s)
{
	static const enum key_kind by_size[] = {KEY_2DES, KEY_3DES, KEY_AES256};
	static const enum key_kind aes[] = {KEY_AES128, KEY_AES192};
	size_t i = s->size / 8 - 2;

	s->kind = words->kind_given ? words->kind : by_size[i];
	s->also_aes = !words->kind_given && i < 2;
	s->aes = s->also_aes ? aes[i] : s->kind;
}

/* For people: why it is no key of the kind that was asked for; NULL: it is one. */
static const char *
look(const struct key_words *words, const struct secret *written, struct seen *s)
{
	static char other[120];
	struct secret *bytes = NULL;
	enum key_fault fault = key_parse(written, true, &bytes, NULL);
	const char *why = NULL;

	if (fault != KEY_GOOD)
		return key_fault_text_aes(fault);
	s->size = secret_len(bytes);
	name_kind(words, s);
	if (s->size != key_kind_size(s->kind)) {
		snprintf(other, sizeof(other), "it has %zu digits, and a key of %s has %zu",
		    2 * s->size, key_kind_name(s->kind), 2 * key_kind_size(s->kind));
		why = other;
	} else {
		key_parse(written, key_kind_is_aes(s->kind), NULL, &s->well_known);
		if (!key_kind_is_aes(s->kind))
			key_judge(bytes, &s->parts);
		if (!key_check_value(bytes, key_kind_is_aes(s->kind), s->kcv) ||
		    (s->also_aes && !key_check_value(bytes, true, s->kcv_aes)))
			why = "no memory, or OpenSSL has not the cipher";
	}
	secret_free(&bytes);
	return why;
}

static bool
any(const bool list[PARTS])
{
	return list[0] || list[1] || list[2];
}

/* Two parts that are alike make a DES key of three, except K1 = K3, which makes a 2DES key. */
static bool
is_good(const struct seen *s)
{
	return !s->well_known && !any(s->parts.weak) && !any(s->parts.semi_weak) &&
	       !s->parts.k1_is_k2 && !s->parts.k2_is_k3;
}

/* --- For people ---------------------------------------------------------------------------------
 */

static void
print_parts(const struct seen *s)
{
	const struct key_parts *p = &s->parts;

	printf("  parity:       %s\n",
	    p->odd_parity ? "odd" : "not odd; p11-latch does not mind, a card or program may");
	if (p->k1_is_k2)
		puts("  parts:        K1 = K2, no stronger than DES");
	if (p->k2_is_k3)
		puts("  parts:        K2 = K3, no stronger than DES");
	if (p->k1_is_k3)
		puts("  parts:        K1 = K3, no stronger than 2DES");
	if (!p->k1_is_k2 && !p->k2_is_k3 && !p->k1_is_k3)
		puts("  parts:        all differ");
	for (int i = 0; i < PARTS; i++) {
		if (p->weak[i] || p->semi_weak[i])
			printf("  weak:         K%d is %s key of DES\n", i + 1,
			    p->weak[i] ? "a weak" : "a semi-weak");
	}
	if (!any(p->weak) && !any(p->semi_weak))
		puts("  weak:         no part is");
}

static void
print_for_people(const struct seen *s)
{
	printf("%s key%s%s\n", key_kind_name(s->kind), s->also_aes ? ", or " : "",
	    s->also_aes ? key_kind_name(s->aes) : "");
	printf("  length:       %zu bytes\n", s->size);
	if (!key_kind_is_aes(s->kind))
		print_parts(s);
	printf("  well known:   %s\n",
	    s->well_known ? "yes, a default key that anybody can try" : "no");
	if (s->also_aes)
		printf("  check value:  %s (%s), %s (%s)\n", s->kcv, key_kind_name(s->kind),
		    s->kcv_aes, key_kind_name(s->aes));
	else
		printf("  check value:  %s\n", s->kcv);
	puts(is_good(s) ? "  verdict:      good" : "  verdict:      bad: make a new one");
}

/* --- JSON ---------------------------------------------------------------------------------------
 */

static void
print_list(const char *name, const bool list[PARTS])
{
	const char *comma = "";

	printf(", \"%s\": [", name);
	for (int i = 0; i < PARTS; i++) {
		if (!list[i])
			continue;
		printf("%s\"K%d\"", comma, i + 1);
		comma = ", ";
	}
	putchar(']');
}

static void
print_json_parts(const struct key_parts *p)
{
	static const char *const names[PARTS] = {"K1=K2", "K2=K3", "K1=K3"};
	const bool equal[PARTS] = {p->k1_is_k2, p->k2_is_k3, p->k1_is_k3};
	const char *comma = "";

	printf(", \"odd_parity\": %s", p->odd_parity ? "true" : "false");
	print_list("weak", p->weak);
	print_list("semi_weak", p->semi_weak);
	fputs(", \"equal\": [", stdout);
	for (int i = 0; i < PARTS; i++) {
		if (!equal[i])
			continue;
		printf("%s\"%s\"", comma, names[i]);
		comma = ", ";
	}
	putchar(']');
}

static void
print_json(const struct seen *s)
{
	printf("{\"good\": %s, \"kind\": \"%s\", \"bytes\": %zu", is_good(s) ? "true" : "false",
	    key_kind_name(s->kind), s->size);
	if (!key_kind_is_aes(s->kind))
		print_json_parts(&s->parts);
	printf(", \"well_known\": %s, \"check_values\": {\"%s\": \"%s\"",
	    s->well_known ? "true" : "false", key_kind_name(s->kind), s->kcv);
	if (s->also_aes)
		printf(", \"%s\": \"%s\"", key_kind_name(s->aes), s->kcv_aes);
	puts("}}");
}

static void
print_no_key(bool json, const char *why)
{
	if (json) {
		fputs("{\"good\": false, \"fault\": ", stdout);
		json_string(stdout, why);
		puts("}");
	} else {
		fprintf(stderr, "p11-latch: this is no card manager key: %s\n", why);
	}
}

int
key_look_at(const struct key_words *words)
{
	struct secret *written = read_key();
	struct seen seen = {0};
	const char *why;

	if (written == NULL)
		return TOOL_FAILED;
	why = look(words, written, &seen);
	secret_free(&written);
	if (why != NULL)
		print_no_key(words->json, why);
	else if (words->json)
		print_json(&seen);
	else
		print_for_people(&seen);
	return why == NULL && is_good(&seen) ? TOOL_DONE : TOOL_FAILED;
}
