/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reads a trace file; see trace.h and docs/trace-format.md.
 *
 * The file may come from anybody. It is read with pread up to the size it had when it was opened (a file that grows is
 * read as of then, one that shrinks is cut off, and no mapping can fault). Each length is held against what is left of
 * the file and against a fixed bound before memory is taken for it, and no payload is unpacked before its checksum was
 * right.
 */
#include "trace/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/format.h"
#include "trace/table.h"

struct room {
	unsigned char *bytes;
	size_t size;
};

struct trace_reader {
	int fd;
	char *path;
	uint64_t size;   /* of the file, when it was opened */
	uint64_t offset; /* of what is read next */
	struct table *table;
	z_stream inflate;
	bool inflating;
	struct room packed, raw;

	struct trace_block block; /* the block being read */
	uint64_t block_offset;
	uint32_t position;      /* of the next record in its unpacked bytes */
	uint32_t block_records; /* of it, read so far */
	struct trace_end totals;

	uint64_t bad[EVENT_GROUP_COUNT], unknown;
	bool ended, cut;
	struct error broken;
};

static int enlarge(struct room *room, size_t size)
{
	unsigned char *bytes;

	if (size <= room->size)
		return 0;
	bytes = realloc(room->bytes, size);
	if (!bytes)
		return -ENOMEM;
	*room = (struct room){bytes, size};
	/* cppcheck-suppress memleak ; it belongs to the room */
	return 0;
}

/* How many bytes there were (fewer only at the file's end), or a negative errno. */
static ssize_t read_at(const struct trace_reader *reader, uint64_t offset, void *bytes, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t got = pread(reader->fd, (char *)bytes + done, length - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

/* ---- opening --------------------------------------------------------------------------------------------------- */

/*
 * What fails here says only why; trace_open puts in front what was attempted.
 * stat comes before open: opening a device or a FIFO can have effects.
 */
static int open_file(struct trace_reader *reader, struct error *error)
{
	struct stat info;

	if (stat(reader->path, &info))
		return error_set(error, -errno, "%s", strerror(errno));
	if (S_ISDIR(info.st_mode))
		return error_set(error, -EISDIR, "it is a directory");
	if (!S_ISREG(info.st_mode))
		return error_set(error, -EINVAL, "it is not a regular file");
	reader->fd = open(reader->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (reader->fd < 0 || fstat(reader->fd, &info))
		return error_set(error, -errno, "%s", strerror(errno));
	if (!S_ISREG(info.st_mode))
		return error_set(error, -EINVAL, "it is not a regular file");
	reader->size = (uint64_t)info.st_size;
	return 0;
}

static int refuse_version(unsigned major, struct error *error)
{
	error_set(error, -EINVAL, "it is of format version %u (byte 12), and this lifeline reads version %u", major,
		  TRACE_MAJOR);
	error_hint(error, major > TRACE_MAJOR ? "use the lifeline that recorded it, or a newer one"
					      : "use the lifeline that recorded it");
	return -EINVAL;
}

static int refuse_stranger(struct error *error)
{
	error_set(error, -EINVAL, "it is not one: it does not begin (byte 0) as a trace of lifeline does");
	error_hint(error, "`lifeline run --record FILE -- CMD` makes traces");
	return -EINVAL;
}

/* The checksum of another version's head may be made in another way, so the version is looked at first. */
static int check_head(const struct trace_head *head, size_t length, struct error *error)
{
	if (!length)
		return error_set(error, -EINVAL, "it is empty");
	if (memcmp(head->magic, TRACE_MAGIC, length < sizeof(head->magic) ? length : sizeof(head->magic)))
		return refuse_stranger(error);
	if (length < sizeof(*head))
		return error_set(error, -EINVAL, "it is cut off in its head, at byte %zu", length);
	if (head->byte_order == __builtin_bswap32(TRACE_BYTE_ORDER))
		return error_set(error, -EINVAL, "it is of a machine with another byte order (byte 8)");
	if (head->byte_order == TRACE_BYTE_ORDER && head->major != TRACE_MAJOR)
		return refuse_version(head->major, error);
	if (head->byte_order != TRACE_BYTE_ORDER || head->crc != trace_head_crc(*head))
		return error_set(error, -EBADMSG, "it is damaged: wrong checksum of its head at byte 0");
	if (head->flags & ~TRACE_INCOMPLETE)
		return error_set(error, -EINVAL, "it has unknown flags (0x%x at byte 16)", head->flags);
	return 0;
}

static int decode_table(struct trace_reader *reader, const struct trace_head *head, struct error *error)
{
	const char *why = "wrong checksum";
	size_t at = 0;
	int status = -EINVAL;

	if (crc32(0, reader->packed.bytes, head->table_size) == head->table_crc)
		status = table_decode(reader->packed.bytes, head->table_size, &reader->table, &why, &at);
	if (status != -EINVAL)
		return status ? error_set(error, status, "%s", strerror(-status)) : 0;
	return error_set(error, -EBADMSG, "it is damaged: its event table is wrong at byte %zu: %s", sizeof(*head) + at,
			 why);
}

static int read_table(struct trace_reader *reader, const struct trace_head *head, struct error *error)
{
	ssize_t got;
	int status;

	if (!head->table_size || head->table_size > TRACE_TABLE_MAX)
		return error_set(error, -EBADMSG, "it is damaged: its event table cannot have %u bytes (byte 20)",
				 head->table_size);
	if (head->table_size > reader->size - sizeof(*head))
		return error_set(error, -EINVAL, "it is cut off in its event table, at byte %" PRIu64, reader->size);
	status = enlarge(&reader->packed, head->table_size);
	if (status)
		return error_set(error, status, "%s", strerror(-status));
	got = read_at(reader, sizeof(*head), reader->packed.bytes, head->table_size);
	if (got < 0)
		return error_set(error, (int)got, "%s", strerror((int)-got));
	reader->offset = sizeof(*head) + head->table_size;
	if (got < (ssize_t)head->table_size) /* it shrank in between */
		return error_set(error, -EINVAL, "it is cut off in its event table, at byte %zu",
				 sizeof(*head) + (size_t)got);
	return decode_table(reader, head, error);
}

static int read_head(struct trace_reader *reader, struct error *error)
{
	struct trace_head head = {0};
	ssize_t got = read_at(reader, 0, &head, reader->size < sizeof(head) ? reader->size : sizeof(head));
	int status;

	if (got < 0)
		return error_set(error, (int)got, "%s", strerror((int)-got));
	status = check_head(&head, (size_t)got, error);
	return status ? status : read_table(reader, &head, error);
}

int trace_open(const char *path, struct trace_reader **reader, struct error *error)
{
	struct trace_reader *new = calloc(1, sizeof(*new));
	int status = -ENOMEM;

	*reader = NULL;
	if (new) {
		new->fd = -1;
		new->path = strdup(path);
		new->inflating = inflateInit(&new->inflate) == Z_OK;
	}
	if (!new || !new->path || !new->inflating) {
		trace_close(new);
		return error_errno(error, status, "cannot read the trace %s", path);
	}
	status = open_file(new, error);
	if (!status)
		status = read_head(new, error);
	if (status) {
		error_context(error, "cannot read the trace %s", path);
		trace_close(new);
		return status;
	}
	*reader = new;
	return 0;
}

void trace_close(struct trace_reader *reader)
{
	if (!reader)
		return;
	if (reader->fd >= 0)
		close(reader->fd);
	if (reader->inflating)
		inflateEnd(&reader->inflate);
	table_free(reader->table);
	free(reader->packed.bytes);
	free(reader->raw.bytes);
	free(reader->path);
	free(reader);
}

/* ---- blocks ---------------------------------------------------------------------------------------------------- */

static int end_here(struct trace_reader *reader, bool cut)
{
	reader->ended = true;
	reader->cut = cut;
	return 0;
}

/* The error stays: a caller that reads on gets it again. */
static int damaged(struct trace_reader *reader, uint64_t offset, const char *what)
{
	error_set(&reader->broken, -EBADMSG, "the trace %s is damaged at byte %" PRIu64 ": %s", reader->path, offset,
		  what);
	error_hint(&reader->broken, "what it holds before that place was read");
	return -EBADMSG;
}

static int fail(struct trace_reader *reader, int status)
{
	return error_errno(&reader->broken, status, "cannot read the trace %s at byte %" PRIu64, reader->path,
			   reader->offset);
}

static int read_end(struct trace_reader *reader, const struct trace_end *end)
{
	const struct trace_end *totals = &reader->totals;

	if (end->crc != trace_crc(end, sizeof(*end)))
		return damaged(reader, reader->offset, "wrong checksum of its end");
	if (end->blocks != totals->blocks || end->records != totals->records || end->raw != totals->raw)
		return damaged(reader, reader->offset, "its end tells other totals than there are");
	if (reader->offset + sizeof(*end) != reader->size)
		return damaged(reader, reader->offset + sizeof(*end), "something follows behind its end");
	return end_here(reader, false);
}

static const char *check_block(const struct trace_reader *reader, const struct trace_block *block)
{
	if (block->magic != TRACE_BLOCK_MAGIC)
		return "no block begins here";
	if (block->crc != trace_crc(block, sizeof(*block)))
		return "wrong checksum of a block's head";
	if (block->sequence != reader->totals.blocks)
		return "a block is missing or out of place";
	if (block->packed > TRACE_BLOCK_PACKED_MAX || block->raw > TRACE_BLOCK_RAW_MAX)
		return "a block is larger than blocks are";
	if (!block->raw || block->raw % 8 || block->raw / TRACE_RATIO_MAX > block->packed)
		return "a block's sizes are impossible";
	if (!block->records || block->records > block->raw / sizeof(struct event))
		return "a block's number of records is impossible";
	return NULL;
}

static bool unpack(struct trace_reader *reader)
{
	z_stream *inflater = &reader->inflate;

	inflateReset(inflater);
	inflater->next_in = reader->packed.bytes;
	inflater->avail_in = reader->block.packed;
	inflater->next_out = reader->raw.bytes;
	inflater->avail_out = reader->block.raw;
	return inflate(inflater, Z_FINISH) == Z_STREAM_END && !inflater->avail_in && !inflater->avail_out;
}

/* Reads the payload of the block whose checked head is in place. 1, 0 if the file is cut off in it, or negative. */
static int read_payload(struct trace_reader *reader)
{
	const struct trace_block *block = &reader->block;
	ssize_t got;

	if (enlarge(&reader->packed, block->packed) || enlarge(&reader->raw, block->raw))
		return fail(reader, -ENOMEM);
	got = read_at(reader, reader->offset + sizeof(*block), reader->packed.bytes, block->packed);
	if (got < 0)
		return fail(reader, (int)got);
	if (got < (ssize_t)block->packed)
		return end_here(reader, true);
	if (crc32(0, reader->packed.bytes, block->packed) != block->payload_crc)
		return damaged(reader, reader->offset, "wrong checksum of a block");
	if (!unpack(reader))
		return damaged(reader, reader->offset, "a block does not unpack to what it says");
	return 1;
}

/* 1: the next block is there; 0: the end, maybe of a cut-off file; negative: broken. */
static int next_block(struct trace_reader *reader)
{
	struct trace_block *block = &reader->block;
	const char *wrong;
	ssize_t got;
	int status;

	if (reader->size - reader->offset < sizeof(*block))
		return end_here(reader, true);
	got = read_at(reader, reader->offset, block, sizeof(*block));
	if (got < 0)
		return fail(reader, (int)got);
	if (got < (ssize_t)sizeof(*block))
		return end_here(reader, true);
	if (block->magic == TRACE_END_MAGIC) {
		struct trace_end end;

		memcpy(&end, block, sizeof(end));
		return read_end(reader, &end);
	}
	wrong = check_block(reader, block);
	if (wrong)
		return damaged(reader, reader->offset, wrong);
	if (block->packed > reader->size - reader->offset - sizeof(*block))
		return end_here(reader, true);
	status = read_payload(reader);
	if (status <= 0)
		return status;
	reader->block_offset = reader->offset;
	reader->offset += sizeof(*block) + block->packed;
	reader->position = 0;
	reader->block_records = 0;
	reader->totals.blocks++;
	reader->totals.records += block->records;
	reader->totals.raw += block->raw;
	return 1;
}

/* ---- records --------------------------------------------------------------------------------------------------- */

/* Takes the next record of the block by its size alone. Past a size that cannot be, no record can be found again. */
static int next_record(struct trace_reader *reader, const struct event **record)
{
	uint32_t left = reader->block.raw - reader->position;
	bool all = reader->block_records == reader->block.records;
	const struct event *next;

	if (all && !left)
		return 0;
	next = (const struct event *)(reader->raw.bytes + reader->position);
	if (all || left < sizeof(*next) || next->size < sizeof(*next) || next->size % 8 || next->size > left)
		return damaged(reader, reader->block_offset, "the records of a block do not fill it");
	reader->position += next->size;
	reader->block_records++;
	*record = next;
	return 1;
}

static int read_event(struct trace_reader *reader, const struct event **event)
{
	const struct event *record;
	int status;

	for (;;) {
		status = next_record(reader, &record);
		if (status < 0)
			return status;
		if (!status) {
			status = next_block(reader);
			if (status <= 0)
				return status;
			continue;
		}
		status = table_translate(reader->table, record, event);
		if (status > 0)
			return status;
		if (status)
			reader->bad[table_group(reader->table, record->kind)]++;
		else
			reader->unknown++;
	}
}

int trace_read(struct trace_reader *reader, const struct event **event, struct error *error)
{
	int status;

	if (reader->ended)
		return 0;
	status = reader->broken.code ? reader->broken.code : read_event(reader, event);
	if (status < 0 && error)
		*error = reader->broken;
	return status;
}

bool trace_is_cut(const struct trace_reader *reader)
{
	return reader->cut;
}

uint64_t trace_skipped(const struct trace_reader *reader)
{
	uint64_t skipped = reader->unknown;

	for (unsigned group = 0; group < EVENT_GROUP_COUNT; group++)
		skipped += reader->bad[group];
	return skipped;
}

uint64_t trace_bad(const struct trace_reader *reader, enum event_group group)
{
	return (unsigned)group < EVENT_GROUP_COUNT ? reader->bad[group] : 0;
}
