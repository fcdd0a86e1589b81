/* SPDX-License-Identifier: BSD-3-Clause */
/* The files of one more instance of the module, and what is done to them in one piece. */
#ifndef TOOL_ADD_H
#define TOOL_ADD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Where everything of the instance NAME is. All to be freed by instance_free(). */
struct instance {
	const char *name; /* not owned */
	bool user;        /* for the user who runs this alone */
	char *original;   /* p11-latch.so as it is installed */
	char *library;    /* its copy */
	char *conf;
	char *policy;
	char *descriptions; /* folder */
	char *state;        /* as it stands in the configuration: "~/" for a user's */
	char *state_folder; /* the same, or the path that it is */
	char *kit_folder;   /* p11-kit's module files of the administrator, or of the user */
	char *kit_file;
};

/* False: printed why. */
bool instance_find(struct instance *in, const char *name, bool user);
void instance_free(struct instance *in);

/* NAME of a file name p11-latch-NAME and after, to be freed; NULL: another file, or no memory. */
char *instance_of_file(const char *file, const char *after);

/* What the files are made of; to be freed, NULL: no memory. profile: NULL for auto. */
char *instance_conf_text(const struct instance *in, const char *module, const char *profile);
char *instance_policy_text(const struct instance *in);
char *instance_kit_text(const struct instance *in);
char *instance_hiding_text(const struct instance *in);

/* Takes away what is as add made it, and says what is left alone. False: printed why. */
bool remove_instance(const struct instance *in);

/* --- What an instance that was removed has left --- */

struct kept {
	bool conf, policy, kit_file;
};

/* Which of its files are there, and can stay as they are. False: printed why not. */
bool kept_find(struct kept *k, const struct instance *in, const char *module, const char *profile);

/* Says that it stays. fresh: what add would have written. */
void kept_print(const char *path, const char *fresh);

/* --- Changes that are taken back as a whole; starts as all zeroes --- */

struct change {
	char *path;
	bool folder;
};

struct changes {
	struct change *list;
	size_t n;
};

/* Each makes what is not there yet; false: printed why. */
bool change_folder(struct changes *c, const char *path, mode_t mode);
bool change_write(struct changes *c, const char *path, const char *text, mode_t mode);
bool change_copy(struct changes *c, const char *from, const char *path, mode_t mode);
void changes_undo(struct changes *c);
void changes_free(struct changes *c);

/* --- p11-kit's module files --- */

struct names {
	char **list;
	size_t n;
};

/* The names of the module files whose "module:" is that file. False: no memory. */
bool kit_naming(const struct instance *in, const char *module, struct names *names);

/* Whether the file hides a module: "enable-in:" without a program. */
bool kit_hides(const char *path);

/* Whether the file's "module:" is that one. */
bool kit_shows(const char *path, const char *library);

/* The names of the files in the instance's kit_folder that hold exactly this text. */
bool kit_holding(const struct instance *in, const char *text, struct names *names);

void names_free(struct names *names);

/* A whole small file, to be freed; NULL: errno. */
char *read_text(const char *path);

#endif
