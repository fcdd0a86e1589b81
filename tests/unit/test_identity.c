/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of identities: padding, the wire, file names that cannot collide or escape, URIs. */
#include "tests/unit/unit.h"

#include "policy/identity.h"

static struct identity
make(const char *manufacturer, const char *model, const char *serial, const char *label)
{
	struct identity id = {0};

	snprintf(id.manufacturer, sizeof(id.manufacturer), "%s", manufacturer);
	snprintf(id.model, sizeof(id.model), "%s", model);
	snprintf(id.serial, sizeof(id.serial), "%s", serial);
	snprintf(id.label, sizeof(id.label), "%s", label);
	return id;
}

START_TEST(test_set)
{
	unsigned char wire[IDENTITY_WIRE_LEN], label[32], manufacturer[32], model[16], serial[16];
	struct identity id, back;

	memset(label, ' ', sizeof(label));
	memcpy(label, "  a b", 5);
	memset(manufacturer, 'x', sizeof(manufacturer));
	memset(model, 0, sizeof(model));
	memset(serial, ' ', sizeof(serial));
	memcpy(serial, "12\0garbage", 10);
	identity_set(&id, label, manufacturer, model, serial);
	ck_assert_str_eq(id.label, "  a b");
	ck_assert_uint_eq(strlen(id.manufacturer), 32);
	ck_assert_str_eq(id.model, "");
	ck_assert_str_eq(id.serial, "12");
	identity_pack(&id, wire);
	ck_assert_mem_eq(wire, "  a b                           xxx", 35);
	ck_assert_mem_eq(wire + 80, "12              ", 16);
	identity_unpack(&back, wire);
	ck_assert(identity_equal(&id, &back, true));
	back.label[0] = 'z';
	ck_assert(!identity_equal(&id, &back, true));
	ck_assert(identity_equal(&id, &back, false));
}
END_TEST

static const struct {
	const char *manufacturer, *model, *serial, *label, *name, *name_with_label, *uri;
} cases[] = {
    {"SoftHSM project", "SoftHSM v2", "00ff", "my token", "SoftHSM%20project.SoftHSM%20v2.00ff",
	"SoftHSM%20project.SoftHSM%20v2.00ff.my%20token",
	"pkcs11:manufacturer=SoftHSM%20project;model=SoftHSM%20v2;serial=00ff;token=my%20token"},
    {"", "", "", "", "%.%.%", "%.%.%.%", "pkcs11:"},
    {"..", "/", "%41", "a\nb", "%2E%2E.%2F.%2541", "%2E%2E.%2F.%2541.a%0Ab",
	"pkcs11:manufacturer=..;model=%2F;serial=%2541;token=a%0Ab"},
    {"\xff", "a_b-c", "", "", "%FF.a_b-c.%", "%FF.a_b-c.%.%",
	"pkcs11:manufacturer=%FF;model=a_b-c"},
};

START_TEST(test_names)
{
	struct identity id =
	    make(cases[_i].manufacturer, cases[_i].model, cases[_i].serial, cases[_i].label);
	char name[IDENTITY_NAME_MAX], uri[IDENTITY_URI_MAX];

	identity_name(&id, false, name);
	ck_assert_str_eq(name, cases[_i].name);
	identity_name(&id, true, name);
	ck_assert_str_eq(name, cases[_i].name_with_label);
	identity_uri(&id, uri);
	ck_assert_str_eq(uri, cases[_i].uri);
}
END_TEST

START_TEST(test_long)
{
	struct identity id;
	char name[IDENTITY_NAME_MAX], other[IDENTITY_NAME_MAX], uri[IDENTITY_URI_MAX];

	memset(&id, 0, sizeof(id));
	memset(id.manufacturer, '\x01', 32);
	memset(id.model, '\x02', 16);
	memset(id.serial, '\x03', 16);
	memset(id.label, '\x04', 32);
	identity_name(&id, true, name);
	ck_assert_uint_eq(strlen(name), 4 + 192);
	ck_assert_int_eq(strncmp(name, "hex-0404", 8), 0);
	ck_assert_str_eq(name + strlen(name) - 4, "0303");
	id.label[31] = '\x05';
	identity_name(&id, true, other);
	ck_assert_str_ne(name, other);
	identity_name(&id, false, name);
	ck_assert_uint_eq(strlen(name), 3 * 64 + 2);
	identity_uri(&id, uri);
	ck_assert_uint_lt(strlen(uri), IDENTITY_URI_MAX);
	ck_assert_str_eq(uri + strlen(uri) - 6, "%04%05");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("identity");
	TCase *tc = tcase_create("identity");

	tcase_add_test(tc, test_set);
	tcase_add_loop_test(tc, test_names, 0, N_OF(cases));
	tcase_add_test(tc, test_long);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
