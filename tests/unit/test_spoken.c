/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of what is read out over the phone: groups, typing errors and where they are. */
#include "tests/unit/unit.h"

#include "policy/spoken.h"

static const unsigned char eight[] = {0xa8, 0x92, 0xd7, 0x56, 0x01, 0x61, 0x7c, 0x5d};
static const unsigned char sixteen[] = {
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

static const char *const good[] = {
    "A892D75601617C5D",
    "a892d75601617c5d",
    "A892 D756 0161 7C5D",
    "A892-D756-0161-7C5D",
    "A8:92:D7:56:01:61:7C:5D",
    "A892.D756.0161.7C5D",
    "  a892\td756 - 0161  7c5D ",
    "A 8 9 2 D 7 5 6 0 1 6 1 7 C 5 D",
    "A892\xc2\xa0"
    "D756\xe2\x80\x93"
    "0161\xe2\x80\xaf"
    "7C5D",
    "00112233445566778899AABBCCDDEEFF",
    "0011 2233 4455 6677 8899 aabb ccdd eeff",
};

START_TEST(test_good)
{
	unsigned char bytes[SPOKEN_MAX];
	struct spoken_fault fault;
	size_t size = spoken_read(good[_i], strlen(good[_i]), bytes, &fault);

	ck_assert_msg(size == (good[_i][0] == '0' ? 16 : 8), "%s: %s", good[_i], fault.what);
	ck_assert_mem_eq(bytes, size == 16 ? sixteen : eight, size);
	ck_assert_str_eq(fault.what, "");
	ck_assert_uint_eq(spoken_read(good[_i], strlen(good[_i]), bytes, NULL), size);
}
END_TEST

#define WRONG "which is no digit from 0 to 9 or letter from A to F; "

static const struct {
	const char *text, *what;
} bad[] = {
    {"A892 D756 O161 7C5D", "character 11 is \"O\", " WRONG "was it a 0?"},
    {"A892 D756 o161 7C5D", "character 11 is \"o\", " WRONG "was it a 0?"},
    {"A892 D756 0l61 7C5D", "character 12 is \"l\", " WRONG "was it a 1?"},
    {"A892 D756 016I 7C5D", "character 14 is \"I\", " WRONG "was it a 1?"},
    {"SA892D75601617C5D", "character 1 is \"S\", " WRONG "was it a 5?"},
    {"A89Z", "character 4 is \"Z\", " WRONG "was it a 2?"},
    {"A892\xe2\x80\x93G756", "character 6 is \"G\", " WRONG "was it a 6?"},
    {"A892 P756 0161 7C5D", "character 6 is \"P\", " WRONG "have it read out again"},
    {"A892,D756", "character 5 is \",\", " WRONG "have it read out again"},
    {"A892\xc3\xa4", "character 5 is no digit from 0 to 9 or letter from A to F; have it read out "
		     "again"},
    {"A892\n", "character 5 is no digit from 0 to 9 or letter from A to F; have it read out again"},
    {"A892\xe2\x80", "character 5 is no digit from 0 to 9 or letter from A to F; have it read out "
		     "again"},
#define WANTED ", where there are to be 16 (2DES and 3DES keys) or 32 (AES keys)"
    {"", "0 digits" WANTED},
    {"A", "1 digit" WANTED},
    {"A892D75601617C5", "15 digits" WANTED},
    {"A892 D756 161 7C5D", "15 digits" WANTED "; group 3 has 3, the others have 4"},
    {"A892 D7566 0161 7C5D", "17 digits" WANTED "; group 2 has 5, the others have 4"},
    {"A8 92 D7 56 01 61 7C 5", "15 digits" WANTED "; group 8 has 1, the others have 2"},
    {"A892D756 0161", "12 digits" WANTED},
    {"A892 D756 0161", "12 digits" WANTED},
    {"A892 D75 016 7C5D", "14 digits" WANTED},
    {"0011 2233 4455 6677 8899 aabb ccdd eefff",
	"33 digits" WANTED "; group 8 has 5, the others have 4"},
};

START_TEST(test_bad)
{
	static const unsigned char zero[SPOKEN_MAX];
	unsigned char bytes[SPOKEN_MAX];
	struct spoken_fault fault;

	memset(bytes, 0xff, sizeof(bytes));
	ck_assert_uint_eq(spoken_read(bad[_i].text, strlen(bad[_i].text), bytes, &fault), 0);
	ck_assert_str_eq(fault.what, bad[_i].what);
	ck_assert_mem_eq(bytes, zero, sizeof(bytes));
	ck_assert_uint_eq(spoken_read(bad[_i].text, strlen(bad[_i].text), bytes, NULL), 0);
}
END_TEST

/* As many digits and as many groups as anybody sends: counted, and nothing else. */
START_TEST(test_long)
{
	unsigned char bytes[SPOKEN_MAX];
	struct spoken_fault fault;
	char text[4000];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 == 0 ? 'A' : ' ';
	ck_assert_uint_eq(spoken_read(text, sizeof(text), bytes, &fault), 0);
	ck_assert_str_eq(fault.what, "2000 digits" WANTED);
	memset(text, 'f', sizeof(text));
	ck_assert_uint_eq(spoken_read(text, sizeof(text), bytes, &fault), 0);
	ck_assert_str_eq(fault.what, "4000 digits" WANTED);
}
END_TEST

START_TEST(test_write)
{
	char text[SPOKEN_TEXT];

	spoken_write(eight, sizeof(eight), text);
	ck_assert_str_eq(text, "A892 D756 0161 7C5D");
	spoken_write(sixteen, sizeof(sixteen), text);
	ck_assert_str_eq(text, "0011 2233 4455 6677 8899 AABB CCDD EEFF");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("spoken");
	TCase *tc = tcase_create("spoken");

	tcase_add_loop_test(tc, test_good, 0, N_OF(good));
	tcase_add_loop_test(tc, test_bad, 0, N_OF(bad));
	tcase_add_test(tc, test_long);
	tcase_add_test(tc, test_write);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
