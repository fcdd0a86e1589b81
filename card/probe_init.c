/* SPDX-License-Identifier: BSD-3-Clause */
/* Measuring a token: what C_InitToken leaves of it. */
#include <stdlib.h>
#include <string.h>

#include "card/probe_part.h"
#include "policy/log.h"

#define LABEL_LEN 32 /* bytes, blank-padded (PKCS#11 2.40, C_InitToken) */

static CK_RV
init_token(struct probe *p)
{
	/* p11-kit 0.24's client of a module elsewhere sends all up to a NUL. */
	CK_UTF8CHAR label[LABEL_LEN + 1] = {0};
	CK_RV rv;

	memset(label, ' ', LABEL_LEN);
	memcpy(label, p->id.label, strlen(p->id.label));
	rv = probe_load(p);
	if (rv != CKR_OK)
		return rv;
	rv = p->f->C_InitToken(p->slot, probe_bytes(p->so), secret_len(p->so), label);
	if (rv == CKR_OK)
		rv = p->f->C_GetTokenInfo(p->slot, &p->info);
	vendor_stop(p->v);
	return rv;
}

/*
 * Some modules show the new serial number in the next load only: then it is the one token of this
 * make and label.
 */
static void
look_anew(struct probe *p)
{
	struct token *list = NULL, *one = NULL;
	size_t n = 0, i, matches = 0;

	if (vendor_start(p->v) != CKR_OK)
		return;
	if (vendor_tokens(p->v, &list, &n) != CKR_OK)
		n = 0;
	for (i = 0; i < n; i++) {
		if (identity_equal(&list[i].id, &p->id, true)) {
			matches = 0;
			break;
		}
		if (strcmp(list[i].id.label, p->id.label) == 0 &&
		    strcmp(list[i].id.manufacturer, p->id.manufacturer) == 0 &&
		    strcmp(list[i].id.model, p->id.model) == 0) {
			one = &list[i];
			matches++;
		}
	}
	if (matches == 1)
		p->id = one->id;
	free(list);
	vendor_stop(p->v);
}

/* The card is as it was but for its serial number, where that is another now. */
static void
go_on_with(struct probe *p)
{
	char before[sizeof(p->id.serial)];
	struct identity id;

	identity_set(
	    &id, p->info.label, p->info.manufacturerID, p->info.model, p->info.serialNumber);
	memcpy(before, p->id.serial, sizeof(before));
	p->id = id;
	look_anew(p);
	if (strcmp(before, p->id.serial) != 0)
		probe_found(p, "Identity", "serial", "C_InitToken gave it another serial number");
	else
		probe_found(p, "Identity", NULL, "C_InitToken kept the serial number");
	probe_found(p, "ShowsLife",
	    (p->info.flags & CKF_USER_PIN_INITIALIZED) == 0 ? "true" : "false",
	    "after C_InitToken CKF_USER_PIN_INITIALIZED is %s",
	    (p->info.flags & CKF_USER_PIN_INITIALIZED) == 0 ? "clear" : "set");
}

void
probe_init_token(struct probe *p)
{
	CK_RV rv;

	if (p->objects != 0) {
		probe_found(p, "InitOnce", NULL,
		    "not initialised: it holds %zu objects, which would be lost", p->objects);
		return;
	}
	probe_tell(p, "the token is initialised with its SO secret, and has no PIN for an instant");
	rv = init_token(p);
	probe_found(p, "C_InitToken", rv_name(rv), "with the label that it has");
	if (rv != CKR_OK) {
		probe_found(p, "InitOnce", NULL, "C_InitToken answers %s", rv_name(rv));
		probe_found(p, "InitNew", rv == CKR_FUNCTION_NOT_SUPPORTED ? "true" : NULL,
		    "C_InitToken answers %s", rv_name(rv));
		probe_give_back(p);
		return;
	}
	probe_found(p, "InitNew", "false", "it was initialised before");
	go_on_with(p);
	rv = probe_unblock(p, UNBLOCK_BY_INIT_PIN, p->so).rv;
	if (rv == CKR_OK && probe_give_back(p)) {
		probe_found(p, "InitOnce", "false", "its SO secret and its PIN work as before");
		return;
	}
	probe_found(
	    p, "InitOnce", "true", "after C_InitToken, SO login and C_InitPIN: %s", rv_name(rv));
	log_error("%s: THE TOKEN WAS NOT TO BE USED after C_InitToken: %s; put it into the state "
		  "of the factory by the means of its vendor",
	    p->c->uri, rv_name(rv));
	p->lost = true;
}
