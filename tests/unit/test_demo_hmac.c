/* SPDX-License-Identifier: BSD-2-Clause
 * The demos' SHA-256 and HMAC against the examples of FIPS 180-4 (NIST's page on it) and RFC 4231. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "demos/sha256.h"

static void expect_hex(const unsigned char digest[SHA256_SIZE], const char *wanted)
{
	char text[2 * SHA256_SIZE + 1];

	for (int i = 0; i < SHA256_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(text, wanted);
}

static void expect_sha(const char *message, const char *wanted)
{
	unsigned char digest[SHA256_SIZE];

	sha256(message, strlen(message), digest);
	expect_hex(digest, wanted);
}

static void hashes(void **state)
{
	(void)state;
	expect_sha("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	expect_sha("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	expect_sha("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		   "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	expect_sha("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs"
		   "mnopqrstnopqrstu",
		   "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}

static void a_million_letters(void **state)
{
	unsigned char digest[SHA256_SIZE];
	char *letters = malloc(1000000);

	(void)state;
	assert_non_null(letters);
	memset(letters, 'a', 1000000);
	sha256(letters, 1000000, digest);
	expect_hex(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(letters);
}

static void expect_hmac(const char *key, size_t key_size, const char *data, const char *wanted)
{
	unsigned char digest[SHA256_SIZE];

	hmac_sha256(key, key_size, data, strlen(data), digest);
	expect_hex(digest, wanted);
}

static void authenticates(void **state)
{
	char key[131];

	(void)state;
	memset(key, 0x0b, 20);
	expect_hmac(key, 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	expect_hmac("Jefe", 4, "what do ya want for nothing?",
		    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	expect_hmac(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First",
		    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void compares(void **state)
{
	unsigned char a[SHA256_SIZE] = {1}, b[SHA256_SIZE] = {1};

	(void)state;
	assert_true(sha256_equal(a, b));
	for (int i = 0; i < SHA256_SIZE; i++) {
		b[i] ^= 0x80;
		assert_false(sha256_equal(a, b));
		b[i] ^= 0x80;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hashes),
	    cmocka_unit_test(a_million_letters),
	    cmocka_unit_test(authenticates),
	    cmocka_unit_test(compares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
