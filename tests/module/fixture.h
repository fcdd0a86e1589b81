/* SPDX-License-Identifier: BSD-3-Clause */
/* What the module's tests share: a scratch folder, a vendor module, a helper with a script. */
#ifndef TESTS_MODULE_FIXTURE_H
#define TESTS_MODULE_FIXTURE_H

#include <check.h>

#include "card/record.h"
#include "module/interface.h"
#include "tests/module/control.h"

extern char folder[64];          /* the scratch folder, which is the state directory too */
extern void *latch;              /* the module as dlopen() gave it */
extern CK_FUNCTION_LIST *f;      /* the module's */
extern CK_FUNCTION_LIST *vendor; /* the vendor's */
extern struct control *control;  /* of the vendor module */

/* Makes the folder and the configuration with this vendor module; the module is not loaded yet. */
void fixture_begin(const char *vendor_name);

/* Loads the vendor module and the module. */
void fixture_load(void);

/* The same with a module that is linked in. */
void fixture_load_with(CK_C_GetFunctionList get_list);

/* Both, with the 2.40 vendor module. */
void fixture_start(void);

/* Removes the folder. */
void fixture_end(void);

/* Path of something in the build folder's tests/module; static. */
const char *fixture_built(const char *name);

/* The module as it was built for tests. */
const char *fixture_module(void);

/* The list of the module's interface of this version; NULL where it gives none. */
struct any_list *fixture_interface(unsigned char major, unsigned char minor);

void *fixture_symbol(void *handle, const char *name);

/* Writes DIR/NAME. */
void fixture_write(const char *name, const char *text);

/* Reads DIR/NAME, to be freed; "" where it is not there. */
char *fixture_read(const char *name);

/* The configuration: more goes at its end. */
void fixture_config(const char *vendor_path, const char *helper, const char *more);

/* What helpers are to answer: lines, each ending in a newline; see fake_helper.c. */
void fixture_script(const char *lines);

/* Writes the record of the token in SLOT_A; more is more lines. */
void fixture_record(const char *state, const char *method, unsigned sequence, const char *more);
void fixture_no_record(void);

/* Waits, 5 s at most, until the helper's log has the text, and gives the log without START; to be
 * freed. */
char *fixture_wait(const char *text);

/* Asserts that the helpers were asked exactly this (the log without START lines), once they ended.
 */
void fixture_asked(const char *expected);

/* Asserts that the module's log has the text. */
void fixture_logged(const char *text);
void fixture_not_logged(const char *text);

/* C_Initialize and a session on SLOT_A. */
CK_SESSION_HANDLE fixture_session(void);

CK_RV fixture_login(CK_SESSION_HANDLE h, CK_USER_TYPE user, const char *pin);
CK_RV fixture_set_pin(CK_SESSION_HANDLE h, const char *old, const char *new);
CK_RV fixture_init_pin(CK_SESSION_HANDLE h, const char *pin);

int fixture_run(Suite *suite);

#define ck_assert_rv(a, b) ck_assert_uint_eq((a), (b))

#endif
