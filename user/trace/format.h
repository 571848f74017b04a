/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The bytes of a trace file, as docs/trace-format.md describes them; shared by writer and reader and by nobody else.
 * Numbers are little-endian. Nothing here may change within a major version, only reserved bytes may get a meaning.
 */
#ifndef LIFELINE_TRACE_FORMAT_H
#define LIFELINE_TRACE_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records go into the file as they lie in memory");

#define TRACE_MAGIC "LIFELINE" /* without its NUL */
#define TRACE_BYTE_ORDER 0x0a0b0c0du
#define TRACE_MAJOR 1
#define TRACE_MINOR 0

/* Set when the file is created, cleared when all of it is on the disk. */
#define TRACE_INCOMPLETE 1u

#define TRACE_TABLE_MAX (256u << 10)
#define TRACE_KIND_LIMIT 1024u         /* kinds are below this */
#define TRACE_BLOCK_RAW (256u << 10)   /* a writer ends a block before it grows beyond this */
#define TRACE_BLOCK_RAW_MAX (1u << 20) /* a reader refuses what claims to be more */
#define TRACE_BLOCK_PACKED_MAX (TRACE_BLOCK_RAW_MAX + (TRACE_BLOCK_RAW_MAX >> 8))
#define TRACE_RATIO_MAX 1032u /* deflate cannot pack better than that (zlib's technical details) */

struct trace_head {
	char magic[8];
	uint32_t byte_order;
	uint16_t major, minor;
	uint32_t flags; /* left out (as 0) of the checksum, because the mark is cleared in place */
	uint32_t table_size;
	uint32_t table_crc;
	char tool[24]; /* version of the writer, NUL-padded, for messages */
	uint32_t reserved[2];
	uint32_t crc; /* of this struct, with flags and crc as 0 */
};

#define TRACE_BLOCK_MAGIC 0x4b434c42u /* "BLCK" */
struct trace_block {
	uint32_t magic;
	uint32_t packed; /* bytes of zlib data behind this struct */
	uint32_t raw;    /* bytes when unpacked */
	uint32_t records;
	uint64_t first_ns, last_ns; /* smallest and largest t_ns inside */
	uint32_t sequence;          /* 0, 1, 2, … */
	uint32_t payload_crc;       /* of the packed bytes */
	uint32_t reserved;
	uint32_t crc; /* of this struct, with crc as 0 */
};

#define TRACE_END_MAGIC 0x5f444e45u /* "END_" */
struct trace_end {
	uint32_t magic;
	uint32_t blocks;
	uint64_t records;
	uint64_t raw;
	uint64_t first_ns, last_ns;
	uint32_t reserved;
	uint32_t crc; /* of this struct, with crc as 0 */
};

_Static_assert(sizeof(struct trace_head) == 64, "documented");
_Static_assert(sizeof(struct trace_block) == 48, "documented");
_Static_assert(sizeof(struct trace_end) == sizeof(struct trace_block), "one read fetches either");

/* Checksum of a struct whose last member is its own checksum. */
static inline uint32_t trace_crc(const void *bytes, size_t size_with_crc)
{
	static const uint32_t zero;
	uLong crc = crc32(0, bytes, (uInt)(size_with_crc - sizeof(zero)));

	return (uint32_t)crc32(crc, (const Bytef *)&zero, sizeof(zero));
}

static inline uint32_t trace_head_crc(struct trace_head head)
{
	head.flags = 0;
	return trace_crc(&head, sizeof(head));
}

#endif
