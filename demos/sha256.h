/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SHA-256 (FIPS 180-4) and HMAC with it (RFC 2104), for messages that are in memory as a whole. In some 80 lines of our
 * own, as the demos are to build with nothing but a C compiler; tests/unit/test_demo_hmac.c holds the published
 * vectors.
 */
#ifndef LIFELINE_DEMO_SHA256_H
#define LIFELINE_DEMO_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SHA256_BLOCK = 64, SHA256_SIZE = 32 };

static inline uint32_t sha256_turn(uint32_t word, int bits)
{
	return word >> bits | word << (32 - bits);
}

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes (4.2.2). */
static inline uint32_t sha256_constant(int index)
{
	static const uint32_t constants[64] = {
	    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

	return constants[index];
}

static inline void sha256_mix(uint32_t state[8], const unsigned char block[SHA256_BLOCK])
{
	uint32_t w[64], v[8];

	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (sha256_turn(w[i - 15], 7) ^ sha256_turn(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (sha256_turn(w[i - 2], 17) ^ sha256_turn(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(v, state, sizeof v);
	for (int i = 0; i < 64; i++) { /* v[0] to v[7] are a to h of the standard */
		const uint32_t sum1 = sha256_turn(v[4], 6) ^ sha256_turn(v[4], 11) ^ sha256_turn(v[4], 25);
		const uint32_t sum0 = sha256_turn(v[0], 2) ^ sha256_turn(v[0], 13) ^ sha256_turn(v[0], 22);
		const uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
		const uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
		const uint32_t one = v[7] + sum1 + choice + sha256_constant(i) + w[i];

		memmove(v + 1, v, 7 * sizeof v[0]);
		v[4] += one;
		v[0] = one + sum0 + majority;
	}
	for (int i = 0; i < 8; i++)
		state[i] += v[i];
}

static inline void sha256(const void *data, size_t size, unsigned char digest[SHA256_SIZE])
{
	uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	const unsigned char *bytes = data;
	unsigned char tail[2 * SHA256_BLOCK] = {0};
	const size_t whole = size / SHA256_BLOCK * SHA256_BLOCK, rest = size - whole;
	const size_t padded = rest + 9 > SHA256_BLOCK ? 2 * SHA256_BLOCK : SHA256_BLOCK;

	for (size_t at = 0; at < whole; at += SHA256_BLOCK)
		sha256_mix(state, bytes + at);
	memcpy(tail, bytes + whole, rest);
	tail[rest] = 0x80;
	for (int i = 0; i < 8; i++)
		tail[padded - 1 - (size_t)i] = (unsigned char)((uint64_t)size * 8 >> 8 * i);
	for (size_t at = 0; at < padded; at += SHA256_BLOCK)
		sha256_mix(state, tail + at);
	for (int i = 0; i < SHA256_SIZE; i++)
		digest[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
}

#define HMAC_DATA_MAX 256 /* so much at most */

/* data_size at most HMAC_DATA_MAX. */
static inline void hmac_sha256(const void *key, size_t key_size, const void *data, size_t data_size,
			       unsigned char digest[SHA256_SIZE])
{
	unsigned char inner[SHA256_BLOCK + HMAC_DATA_MAX] = {0}, outer[SHA256_BLOCK + SHA256_SIZE] = {0};

	if (key_size > SHA256_BLOCK)
		sha256(key, key_size, inner);
	else
		memcpy(inner, key, key_size);
	for (int i = 0; i < SHA256_BLOCK; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	memcpy(inner + SHA256_BLOCK, data, data_size);
	sha256(inner, SHA256_BLOCK + data_size, outer + SHA256_BLOCK);
	sha256(outer, sizeof outer, digest);
}

/* Takes the same time wherever they differ, so that the time tells nothing of a secret. */
static inline bool sha256_equal(const unsigned char *a, const unsigned char *b)
{
	unsigned char differences = 0;

	for (int i = 0; i < SHA256_SIZE; i++)
		differences |= a[i] ^ b[i];
	return differences == 0;
}

#endif
