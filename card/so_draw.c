/* SPDX-License-Identifier: BSD-3-Clause */
/* An SO secret that nobody knows, of the form that the card takes. */
#include <string.h>

#include "card/scramble.h"
#include "card/so.h"
#include "policy/key.h"
#include "policy/key_kind.h"
#include "policy/log.h"

#define TEXT_MAX 32 /* characters: over 180 bits of letters and digits, over 100 of digits */

static size_t
text_length(const struct card *c)
{
	size_t min, max, len;

	card_pin_bounds(c, &min, &max);
	len = max < TEXT_MAX ? max : TEXT_MAX;
	return len > min ? len : min;
}

static bool
draw_text(struct card *c, struct so *so)
{
	size_t len = text_length(c);

	if (len < SO_DRAW_MIN) {
		log_error("%s: the card takes SO PINs of %zu characters at most: no SO secret can "
			  "be drawn that nobody guesses",
		    c->uri, len);
		return false;
	}
	so->pin = random_pin(len, c->profile.pin_digits);
	return so->pin != NULL;
}

static bool
draw_key(struct card *c, struct so *so)
{
	struct secret *key = key_new(KEY_3DES), *written = NULL;
	bool ok = false;

	if (key != NULL)
		written = key_write(key, false);
	if (written == NULL)
		log_error("no memory, or no randomness from OpenSSL");
	else
		ok = so_written(c, written, true, "a drawing", so);
	secret_free(&written);
	secret_free(&key);
	return ok;
}

bool
so_draw(struct card *c, struct so *so)
{
	bool ok;

	memset(so, 0, sizeof(*so));
	if (c->profile.unblock_style != UNBLOCK_BY_INIT_PIN) {
		log_error(
		    "%s: the SO PIN of this module resets no PIN: no SO secret is drawn for it",
		    c->uri);
		return false;
	}
	ok = c->profile.so_is_key ? draw_key(c, so) : draw_text(c, so);
	if (!ok)
		so_clear(so);
	return ok;
}
