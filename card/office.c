/* SPDX-License-Identifier: BSD-3-Clause */
/* What every request works with: configuration, policy, the vendor module, and who asks. */
#include <string.h>

#include "card/office.h"
#include "policy/log.h"

/* Warnings alone are p11-latch check's to tell; each request would else log all of them again. */
static void
log_faults(const struct office *o, const struct diags *d)
{
	if (d->n_errors > 0 || o->config == NULL)
		diags_log(d);
	else if (d->n_warnings > 0)
		log_info("%s: has warnings; p11-latch check tells them", o->config->policy);
}

CK_RV
office_open(struct office *o, const char *config_file, enum caller caller)
{
	struct diags d = {0};
	CK_RV rv = CKR_FUNCTION_FAILED;

	memset(o, 0, sizeof(*o));
	o->caller = caller;
	o->config = config_read(config_file, &d);
	if (o->config == NULL)
		goto out;
	o->policy = policy_read(o->config->policy, &d);
	rv = vendor_open(
	    o->config->module_path, o->config->init_reserved, o->config->call_timeout, &o->vendor);
out:
	log_faults(o, &d);
	diags_free(&d);
	if (rv != CKR_OK)
		office_close(o);
	return rv;
}

void
office_close(struct office *o)
{
	vendor_close(o->vendor);
	policy_free(o->policy);
	config_free(o->config);
	memset(o, 0, sizeof(*o));
}
