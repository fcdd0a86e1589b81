/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the files of an instance are, and what stands in them. */
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/add.h"

static char *
home(void)
{
	const char *env = getenv("HOME");
	struct passwd *pw;

	if (env != NULL && env[0] == '/')
		return strdup(env);
	pw = getpwuid(geteuid());
	return pw != NULL && pw->pw_dir[0] == '/' ? strdup(pw->pw_dir) : NULL;
}

static char *__attribute__((format(printf, 1, 2))) make(const char *fmt, ...)
{
	char *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return n < 0 ? NULL : text;
}

static void
find_for_all(struct instance *in)
{
	in->library = make("%s/p11-latch-%s.so", P11_LATCH_MODULE_DIR, in->name);
	in->conf = make("%s/p11-latch-%s.conf", P11_LATCH_CONF_DIR, in->name);
	in->policy = make("%s/policy-%s.conf", P11_LATCH_CONF_DIR, in->name);
	in->descriptions = make("%s/descriptions", P11_LATCH_CONF_DIR);
	in->state = make("%s-%s", P11_LATCH_STATE_DIR, in->name);
	in->state_folder = make("%s-%s", P11_LATCH_STATE_DIR, in->name);
	in->kit_folder = make("%s", P11_KIT_SYSTEM_CONFIG_DIR);
}

/* The module finds its configuration by where it lies itself (module/provider.c). */
static bool
find_for_user(struct instance *in)
{
	const char *xdg = getenv("XDG_CONFIG_HOME");
	char *dir = home();

	if (dir == NULL) {
		fputs("p11-latch: the home of this user is not known; set HOME\n", stderr);
		return false;
	}
	in->library = make("%s/.local/lib/p11-latch/p11-latch-%s.so", dir, in->name);
	in->conf = make("%s/.config/p11-latch/p11-latch-%s.conf", dir, in->name);
	in->policy = make("%s/.config/p11-latch/policy-%s.conf", dir, in->name);
	in->descriptions = make("%s/.config/p11-latch/descriptions", dir);
	in->state = make("~/.local/state/p11-latch-%s", in->name);
	in->state_folder = make("%s/.local/state/p11-latch-%s", dir, in->name);
	in->kit_folder = xdg != NULL && xdg[0] == '/' ? make("%s/pkcs11/modules", xdg)
						      : make("%s/.config/pkcs11/modules", dir);
	free(dir);
	return true;
}

bool
instance_find(struct instance *in, const char *name, bool user)
{
	memset(in, 0, sizeof(*in));
	in->name = name;
	in->user = user;
	in->original = make("%s/p11-latch.so", P11_LATCH_MODULE_DIR);
	if (!user)
		find_for_all(in);
	else if (!find_for_user(in))
		return false;
	in->kit_file = make("%s/p11-latch-%s.module", in->kit_folder, name);
	if (in->original != NULL && in->library != NULL && in->conf != NULL && in->policy != NULL &&
	    in->descriptions != NULL && in->state != NULL && in->state_folder != NULL &&
	    in->kit_folder != NULL && in->kit_file != NULL)
		return true;
	fputs("p11-latch: no memory\n", stderr);
	return false;
}

char *
instance_of_file(const char *file, const char *after)
{
	static const char before[] = "p11-latch-";
	const size_t begin = sizeof(before) - 1, end = strlen(after), len = strlen(file);

	if (len <= begin + end || strncmp(file, before, begin) != 0 ||
	    strcmp(file + len - end, after) != 0)
		return NULL;
	return strndup(file + begin, len - begin - end);
}

void
instance_free(struct instance *in)
{
	free(in->original);
	free(in->library);
	free(in->conf);
	free(in->policy);
	free(in->descriptions);
	free(in->state);
	free(in->state_folder);
	free(in->kit_folder);
	free(in->kit_file);
	memset(in, 0, sizeof(*in));
}

char *
instance_conf_text(const struct instance *in, const char *module, const char *profile)
{
	return make("; Configuration of p11-latch-%s.so, made by p11-latch add %s; see "
		    "p11-latch.conf(5).\n\n"
		    "[Module]\nPath=%s\nProfile=%s\n\n"
		    "[Latch]\nPolicy=%s%s\nStateDirectory=%s\nHelper=spawn\n",
	    in->name, in->name, module, profile != NULL ? profile : "auto",
	    in->user ? "~/.config/p11-latch" : P11_LATCH_CONF_DIR, strrchr(in->policy, '/'),
	    in->state);
}

char *
instance_policy_text(const struct instance *in)
{
	return make("; Which encoding descriptions govern which tokens behind p11-latch-%s.so; see "
		    "p11-latch.conf(5).\n"
		    "; Nothing is governed until a binding stands here:\n"
		    ";\n"
		    "; [pkcs11:manufacturer=...;model=...]\n"
		    "; Personalize=personalize.dsc\n"
		    "; Unblock=unblock.dsc\n",
	    in->name);
}

char *
instance_kit_text(const struct instance *in)
{
	return make("# p11-kit's module file of p11-latch-%s.so, made by p11-latch add %s.\n"
		    "module: %s\n",
	    in->name, in->name, in->library);
}

char *
instance_hiding_text(const struct instance *in)
{
	return make("# Hides the module of this file's name from p11-kit's programs, which have "
		    "its tokens through\n"
		    "# p11-latch-%s.so. Made by p11-latch add %s.\n"
		    "enable-in:\n",
	    in->name, in->name);
}
