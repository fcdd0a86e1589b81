/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of elements: which of the forms one has, and whether a literal can be what it is for. */
#include "policy/value.h"

#include <stdlib.h>
#include <string.h>

#include "policy/key_manager.h"

#define LABEL_MAX 32 /* bytes: CK_TOKEN_INFO.label; a serial number has 16 */

static const struct {
	const char *text;
	enum value_kind kind;
	unsigned dialog;
	bool dialog_auto;
} forms[] = {
    {"!FROM_USER_DIALOG_1_FIELD", VALUE_DIALOG, 1, false},
    {"!FROM_USER_DIALOG_2_FIELD", VALUE_DIALOG, 2, false},
    {"!FROM_USER_DIALOG_3_FIELD", VALUE_DIALOG, 3, false},
    {"!FROM_USER_DIALOG_1_FIELD_AUTO", VALUE_DIALOG, 1, true},
    {"!FROM_USER_DIALOG_2_FIELD_AUTO", VALUE_DIALOG, 2, true},
    {"!FROM_USER_DIALOG_3_FIELD_AUTO", VALUE_DIALOG, 3, true},
    {"!FROM_PROTECTED_AUTHENTICATION_PATH", VALUE_PIN_PAD, 0, false},
};

static bool
parse_dialog(
    const struct element *e, const char *text, struct place where, struct diags *d, struct value *v)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(text, forms[i].text) != 0)
			continue;
		v->kind = forms[i].kind;
		v->dialog = forms[i].dialog;
		v->dialog_auto = forms[i].dialog_auto;
		if (v->dialog == 3 && e->type != ELEMENT_PIN)
			diag_add(d, DIAG_WARNING, where, "write !FROM_USER_DIALOG_2_FIELD",
			    "%s= asks for an old and a new value, as only PIN= needs", e->name);
		return true;
	}
	diag_add(d, DIAG_ERROR, where,
	    "write !FROM_USER_DIALOG_1_FIELD, _2_FIELD or _3_FIELD, each with or without _AUTO, or "
	    "!FROM_PROTECTED_AUTHENTICATION_PATH",
	    "%s= names a dialog that is not known", e->name);
	return false;
}

bool
value_parse(
    const struct element *e, const char *text, struct place where, struct diags *d, struct value *v)
{
	v->line = where.line;
	v->column = where.column;
	if (text[0] == '\0') {
		diag_add(d, DIAG_ERROR, where,
		    "write #TEXT, the name of a field or a dialog, or leave the element out",
		    "%s= has no value", e->name);
		return false;
	}
	if (text[0] == '!')
		return parse_dialog(e, text, where, d, v);
	if (text[0] == '#') {
		v->kind = VALUE_LITERAL;
		v->literal = secret_new(text + 1, strlen(text + 1));
	} else {
		v->kind = VALUE_FIELD;
		v->field = strdup(text);
	}
	if (v->literal != NULL || v->field != NULL)
		return true;
	v->kind = VALUE_NONE;
	diag_add(d, DIAG_ERROR, where, NULL, "out of memory");
	return false;
}

static void
check_key(const struct element *e, const struct secret *literal, bool aes, struct place where,
    struct diags *d)
{
	bool well_known;
	enum key_fault fault = aes ? key_parse_manager(literal, NULL, NULL, &well_known)
				   : key_parse(literal, false, NULL, &well_known);

	if (fault == KEY_BAD_DIGIT)
		diag_add(d, DIAG_ERROR, where, key_fault_text(fault),
		    "%s= is a key with a character that is no hexadecimal digit", e->name);
	else if (fault == KEY_BAD_LENGTH)
		diag_add(d, DIAG_ERROR, where, key_fault_text(fault),
		    "%s= is a key of wrong length", e->name);
	else if (fault == KEY_HALVES_EQUAL)
		diag_add(d, DIAG_ERROR, where, key_fault_text(fault),
		    "%s= is a 2DES or 3DES key with K1=K2 or K2=K3", e->name);
	else if (well_known)
		diag_add(d, DIAG_WARNING, where, "make one of your own from random bytes",
		    "%s= is a well-known default key, which anybody can try", e->name);
}

void
value_check_literal(const struct element *e, const struct secret *literal, bool aes,
    struct place where, struct diags *d)
{
	unsigned max = e->type == ELEMENT_VALUE ? LABEL_MAX : PIN_LITERAL_MAX;
	size_t len = secret_len(literal);

	if (len == 0) {
		diag_add(
		    d, DIAG_ERROR, where, "write the text behind the #", "%s= is empty", e->name);
		return;
	}
	if (e->type == ELEMENT_KEY) {
		check_key(e, literal, aes, where, d);
		return;
	}
	if (len > max)
		diag_add(
		    d, DIAG_ERROR, where, "shorten it", "%s= is over %u bytes long", e->name, max);
	if (memchr(secret_bytes(literal), '\0', len) != NULL)
		diag_add(d, DIAG_ERROR, where, "remove it", "%s= bears a NUL byte", e->name);
}

void
value_free(struct value *v)
{
	secret_free(&v->literal);
	/* It may be a PIN that lacks its '#'. */
	if (v->field != NULL)
		explicit_bzero(v->field, strlen(v->field));
	free(v->field);
	memset(v, 0, sizeof(*v));
}
