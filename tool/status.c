/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch status: every card, and every record of one that is not here. Starts no work on any. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "card/card.h"
#include "card/census.h"
#include "card/state.h"
#include "policy/log.h"
#include "tool/status.h"
#include "tool/tool.h"

struct wanted {
	const char *uri; /* NULL: all */
	bool json;
};

static int
take_options(int argc, char **argv, struct wanted *wanted)
{
	static const struct option options[] = {
	    {"json", no_argument, NULL, 'j'},
	    {0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'j')
			return tool_usage("status", "these words are not understood");
		wanted->json = true;
	}
	if (argc - optind > 1)
		return tool_usage("status", "one URI, or none for all cards, is to be given");
	wanted->uri = argv[optind];
	return TOOL_DONE;
}

/*
 * Not office_open(): whoever may not read the policy or write the state directory is told what can
 * be known all the same.
 */
static bool
look_in(struct office *o)
{
	struct diags d = {0};

	o->caller = CALLER_SELF;
	o->config = tool_read_config();
	if (o->config == NULL)
		return false;
	o->policy = policy_read(o->config->policy, &d);
	if (o->policy == NULL && access(o->config->policy, R_OK) != 0)
		fprintf(stderr, "p11-latch: %s: %s; what governs each card is not told\n",
		    o->config->policy, strerror(errno));
	else if (o->policy == NULL)
		fprintf(stderr,
		    "p11-latch: %s or what it names has errors or may not be read (p11-latch check "
		    "says what); what governs each card is not told, and nothing is done to any\n",
		    o->config->policy);
	diags_free(&d);
	return vendor_open(o->config->module_path, o->config->init_reserved,
		   o->config->call_timeout, &o->vendor) == CKR_OK;
}

/* A shared lock is had at once where no watcher has the card's; nobody is kept waiting by it. */
static enum watcher
watcher_of(const struct office *o, const struct identity *id, bool with_label)
{
	enum watcher watcher = WATCHER_UNKNOWN;
	char name[IDENTITY_NAME_MAX], *path;
	int fd;

	identity_name(id, with_label, name);
	path = state_path(o->config->state_dir, "private", name, ".lock");
	fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0)
		watcher = WATCHER_NONE;
	else if (fd >= 0 && errno == EWOULDBLOCK)
		watcher = WATCHER_LIVES;
	else if (fd < 0 && errno == ENOENT)
		watcher = WATCHER_NONE;
	if (fd >= 0)
		close(fd);
	free(path);
	return watcher;
}

static const struct profile *
profile_without_policy(const struct office *o, const struct identity *id)
{
	if (strcmp(o->config->profile, "auto") != 0)
		return profile_named(o->config->profile);
	return profile_match(o->vendor->manufacturer, o->vendor->description, id->manufacturer,
	    id->model, id->label);
}

static void
stand(struct office *o, const struct known *k, struct standing *s)
{
	const struct profile *p = NULL;
	struct card c;

	memset(s, 0, sizeof(*s));
	s->known = k;
	identity_uri(&k->id, s->uri);
	if (o->policy != NULL && card_identify(&c, o, &k->id) == CKR_OK) {
		s->policy_known = true;
		s->binding = c.binding;
		s->profile = c.profile.name;
		s->shows_life = c.profile.shows_life;
		p = &c.profile;
	} else if (o->policy == NULL) {
		p = profile_without_policy(o, &k->id);
	}
	if (p != NULL) {
		s->profile = p->name;
		s->shows_life = p->shows_life;
		if (k->record.state == RECORD_PERSONALIZING)
			s->watcher = watcher_of(o, &k->id, p->label_identity);
	}
	s->reborn = k->present && s->shows_life && k->record.state != RECORD_NONE &&
		    k->record.state != RECORD_PERSONALIZING &&
		    (k->info.flags & CKF_USER_PIN_INITIALIZED) == 0;
}

static void
print_all(struct office *o, const struct known *list, size_t n, bool json)
{
	const char *policy = o->policy != NULL ? o->config->policy : NULL;
	struct standing s;
	size_t i;

	for (i = 0; i < n; i++) {
		stand(o, &list[i], &s);
		if (json) {
			fputs(i == 0 ? "[\n  " : ",\n  ", stdout);
			status_print_json(&s, stdout);
		} else {
			status_print(&s, policy, stdout);
		}
	}
	if (json)
		fputs(n == 0 ? "[]\n" : "\n]\n", stdout);
	else if (n == 0)
		puts("no cards, and no records of any");
}

static bool
read_uri(const char *uri, struct criteria *c)
{
	struct diags d = {0};
	bool good =
	    uri == NULL || uri_parse(uri, (struct place){.file = "the command line"}, &d, c);

	diags_log(&d);
	diags_free(&d);
	return good;
}

int
tool_status(int argc, char **argv)
{
	struct wanted wanted = {0};
	struct criteria criteria = {0};
	struct office o = {0};
	struct known *list = NULL;
	size_t n = 0;
	CK_RV rv;
	int status;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return tool_help("status");
	status = take_options(argc, argv, &wanted);
	if (status != TOOL_DONE)
		return status;
	status = TOOL_FAILED;
	if (!read_uri(wanted.uri, &criteria) || !look_in(&o))
		goto out;
	rv = census_take(&o, wanted.uri != NULL ? &criteria : NULL, &list, &n);
	if (rv != CKR_OK && n == 0)
		goto out;
	if (wanted.uri != NULL && n == 0) {
		log_error(
		    "%s: no card matches; p11-latch status lists those that there are", wanted.uri);
		goto out;
	}
	print_all(&o, list, n, wanted.json);
	status = rv == CKR_OK ? TOOL_DONE : TOOL_FAILED;
out:
	free(list);
	criteria_free(&criteria);
	office_close(&o);
	return status;
}
