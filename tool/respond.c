/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch respond: the helpdesk's answer to a challenge. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "policy/key.h"
#include "policy/key_kind.h"
#include "policy/log.h"
#include "policy/response.h"
#include "policy/spoken.h"
#include "tool/respond.h"
#include "tool/tool.h"

#define CHALLENGE_TEXT_MAX 256

struct wanted {
	char challenge[CHALLENGE_TEXT_MAX]; /* as typed */
	bool challenge_given;
	const char *uri; /* NULL: the key is given, or asked for */
	struct given *given;
	bool json;
};

static int
usage(const char *why)
{
	return tool_usage("respond", "%s", why);
}

/* Groups may come as words of their own. */
static int
add_group(struct wanted *w, const char *word)
{
	size_t len = strlen(w->challenge);

	if (len + strlen(word) + 2 > sizeof(w->challenge))
		return usage("a challenge is no longer than 32 digits");
	snprintf(w->challenge + len, sizeof(w->challenge) - len, "%s%s", len != 0 ? " " : "", word);
	return TOOL_DONE;
}

static int
take_challenge(struct wanted *w, const char *word)
{
	struct secret *line;
	int status;

	if (w->challenge_given)
		return usage("one challenge is to be given, not two");
	w->challenge_given = true;
	if (strcmp(word, "-") != 0)
		return add_group(w, word);
	line = tool_secret(word, "the challenge");
	if (line == NULL)
		return TOOL_FAILED;
	status = secret_len(line) < sizeof(w->challenge)
		     ? TOOL_DONE
		     : usage("a challenge is no longer than 32 digits");
	if (status == TOOL_DONE)
		memcpy(w->challenge, secret_bytes(line), secret_len(line));
	secret_free(&line);
	return status;
}

static int
take_words(int argc, char **argv, struct wanted *w)
{
	int status = TOOL_DONE;

	for (; optind < argc && status == TOOL_DONE; optind++) {
		if (w->uri == NULL && strncmp(argv[optind], "pkcs11:", 7) == 0)
			w->uri = argv[optind];
		else
			status = add_group(w, argv[optind]);
	}
	if (status != TOOL_DONE)
		return status;
	if (!w->challenge_given)
		return usage("the challenge is to be given: --challenge HEX");
	if (w->uri == NULL && w->given != NULL && w->given->next != NULL)
		return usage("without a URI, the card manager key is the one --field to be given");
	return TOOL_DONE;
}

static int
take_options(int argc, char **argv, struct wanted *w)
{
	static const struct option options[] = {
	    {"challenge", required_argument, NULL, 'c'},
	    {"field", required_argument, NULL, 'f'},
	    {"uri", required_argument, NULL, 'u'},
	    {"json", no_argument, NULL, 'j'},
	    {0},
	};
	int c, status = TOOL_DONE;

	while (status == TOOL_DONE && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'c')
			status = take_challenge(w, optarg);
		else if (c == 'f')
			status = tool_given("respond", optarg, &w->given);
		else if (c == 'u')
			w->uri = optarg;
		else if (c == 'j')
			w->json = true;
		else
			status = usage("these words are not understood");
	}
	return status == TOOL_DONE ? take_words(argc, argv, w) : status;
}

/* The key as it is written, to be freed. NULL: printed why. */
static struct secret *
find_key(const struct wanted *w)
{
	if (w->uri != NULL)
		return respond_key_of(w->uri, w->given);
	if (w->given != NULL)
		return secret_dup(w->given->value);
	return tool_ask("Card manager key", false, "give --field CARD_MANAGER_KEY=-");
}

/* The bytes of a key that answers a challenge of that size. NULL: printed why. */
static struct secret *
read_key(const struct secret *written, size_t size)
{
	bool aes = size == RESPONSE_AES, well_known;
	struct secret *bytes = NULL;
	enum key_fault fault = key_parse(written, true, &bytes, NULL);

	if (fault == KEY_GOOD && !response_fits(secret_len(bytes), size)) {
		fputs("p11-latch: this key is an AES key, whose challenges have 32 digits, and "
		      "this one has 16: it is of another card, or the key is\n",
		    stderr);
		secret_free(&bytes);
		return NULL;
	}
	secret_free(&bytes);
	if (fault == KEY_GOOD)
		fault = key_parse(written, aes, &bytes, &well_known);
	if (fault != KEY_GOOD)
		fprintf(stderr, "p11-latch: the card manager key: %s\n", key_fault_text_aes(fault));
	else if (well_known)
		fputs("p11-latch: warning: this is a well-known default key, so that anybody can "
		      "answer for this card\n",
		    stderr);
	return bytes;
}

static const char *
kind_name(size_t key_size, size_t size)
{
	for (int i = 0; i < KEY_KINDS; i++) {
		enum key_kind kind = (enum key_kind)i;

		if (key_kind_size(kind) == key_size &&
		    key_kind_is_aes(kind) == (size == RESPONSE_AES))
			return key_kind_name(kind);
	}
	return "";
}

/* The digits of a text that was written in groups. */
static void
join(const char *spoken, char *digits)
{
	for (; *spoken != '\0'; spoken++) {
		if (*spoken != ' ')
			*digits++ = *spoken;
	}
	*digits = '\0';
}

/* What is printed, with its newline; to be freed. */
static struct secret *
write_answer(const struct wanted *w, const struct secret *key, const unsigned char *challenge,
    size_t size, const struct secret *response)
{
	char spoken[SPOKEN_TEXT], joined[SPOKEN_TEXT], asked[SPOKEN_TEXT], kcv[7] = "";
	struct secret *text = secret_alloc(512);
	int n = 0;

	if (text == NULL)
		return NULL;
	spoken_write(secret_bytes(response), size, spoken);
	join(spoken, joined);
	if (!w->json) {
		n = snprintf((char *)secret_data(text), secret_len(text), "%s\n", spoken);
	} else {
		char challenge_spoken[SPOKEN_TEXT];

		spoken_write(challenge, size, challenge_spoken);
		join(challenge_spoken, asked);
		(void)key_check_value(key, size == RESPONSE_AES, kcv);
		n = snprintf((char *)secret_data(text), secret_len(text),
		    "{\"challenge\": \"%s\", \"response\": \"%s\", \"spoken\": \"%s\", "
		    "\"kind\": \"%s\", \"key_check_value\": \"%s\"}\n",
		    asked, joined, spoken, kind_name(secret_len(key), size), kcv);
	}
	secret_truncate(text, (size_t)n);
	OPENSSL_cleanse(spoken, sizeof(spoken));
	OPENSSL_cleanse(joined, sizeof(joined));
	return text;
}

static bool
answer(
    const struct wanted *w, const struct secret *key, const unsigned char *challenge, size_t size)
{
	struct secret *response = NULL, *text = NULL;
	char spoken[SPOKEN_TEXT];
	bool ok = false;

	if (!response_compute(key, challenge, size, &response) ||
	    (text = write_answer(w, key, challenge, size, response)) == NULL) {
		fputs("p11-latch: no response: no memory, or OpenSSL has not the cipher\n", stderr);
		goto out;
	}
	ok = tool_write(STDOUT_FILENO, text);
	if (!ok)
		fprintf(stderr, "p11-latch: standard output: %s\n", strerror(errno));
	/* A challenge is no secret; who was answered for which card is to be found later. */
	spoken_write(challenge, size, spoken);
	log_info("%s%sthe response to challenge %s was given", w->uri != NULL ? w->uri : "",
	    w->uri != NULL ? ": " : "", spoken);
out:
	secret_free(&text);
	secret_free(&response);
	return ok;
}

static int
respond(const struct wanted *w)
{
	struct secret *written = NULL, *key = NULL;
	unsigned char challenge[SPOKEN_MAX];
	struct spoken_fault fault;
	size_t size = spoken_read(w->challenge, strlen(w->challenge), challenge, &fault);
	bool ok = false;

	if (size == 0) {
		fprintf(stderr, "p11-latch: the challenge: %s\n", fault.what);
		return TOOL_FAILED;
	}
	written = find_key(w);
	if (written != NULL)
		key = read_key(written, size);
	if (key != NULL)
		ok = answer(w, key, challenge, size);
	secret_free(&key);
	secret_free(&written);
	return ok ? TOOL_DONE : TOOL_FAILED;
}

int
tool_respond(int argc, char **argv)
{
	struct wanted w = {0};
	int status;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return tool_help("respond");
	status = take_options(argc, argv, &w);
	if (status == TOOL_DONE)
		status = respond(&w);
	given_free(&w.given);
	return status;
}
