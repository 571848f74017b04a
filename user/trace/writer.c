/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Writes a trace file; see trace.h and docs/trace-format.md.
 *
 * The file gets its final name at once and each block is written with one write(2) when it is full, so that a lifeline
 * that is killed leaves what it had recorded; the mark says that it is not all. Where the file may be put is decided
 * here too: a trace holds command lines of strangers, and root writes it, often into /tmp.
 */
#include "trace/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/format.h"
#include "trace/table.h"

/* As fast as level 1 (0.5 us an event) and a tenth smaller; 3 takes a fifth longer, 6 three times as long, to save
 * another tenth. See "Cost" in docs/trace-format.md. */
#define LEVEL 2

struct trace_writer {
	int fd;
	char *path;
	struct trace_head head;
	struct trace_block block; /* of the records gathered so far */
	struct trace_end end;     /* totals of the blocks written */
	z_stream deflate;
	bool deflating;
	unsigned char *raw;
	unsigned char *packed; /* head of the block, then its payload */
	size_t packed_size;
	struct error failed; /* the first error; nothing is written after it */
};

/* ---- where a trace may be written ------------------------------------------------------------------------------ */

/* An earlier trace of the same user may be replaced, an empty file (mktemp's) too. Nothing else. */
static int examine_content(const char *path, const struct stat *seen, struct error *error)
{
	char magic[sizeof(TRACE_MAGIC) - 1];
	int fd, status = 0;
	struct stat now;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(error, -errno, "cannot read what is at %s, to see whether it may be replaced", path);
	if (fstat(fd, &now) || now.st_dev != seen->st_dev || now.st_ino != seen->st_ino)
		status = error_set(error, -EBUSY, "cannot record to %s: somebody is changing it right now", path);
	else if (flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK)
		status = error_set(error, -EBUSY, "cannot record to %s: another lifeline is recording to it", path);
	else if (now.st_size &&
		 (read(fd, magic, sizeof(magic)) != sizeof(magic) || memcmp(magic, TRACE_MAGIC, sizeof(magic))))
		status =
		    error_set(error, -EEXIST, "cannot record to %s: it exists and is not a trace of lifeline", path);
	if (status)
		error_hint(error, "name another file; lifeline replaces traces only");
	close(fd);
	return status;
}

/* 1: something is there that may be replaced; 0: nothing is there; negative: keep off. */
static int examine(const char *path, struct error *error)
{
	struct stat seen;
	const char *why = NULL;
	int status;

	if (lstat(path, &seen)) {
		if (errno == ENOENT)
			return 0;
		return error_errno(error, -errno, "cannot record to %s", path);
	}
	if (S_ISLNK(seen.st_mode))
		why = "it is a symbolic link, and a trace is never written through one";
	else if (S_ISDIR(seen.st_mode))
		why = "it is a directory";
	else if (!S_ISREG(seen.st_mode))
		why = "it is not a regular file";
	else if (seen.st_uid != geteuid())
		why = "it exists and belongs to another user";
	else if (seen.st_nlink != 1)
		why = "it exists under a second name (a hard link)";
	if (why) {
		error_set(error, -EEXIST, "cannot record to %s: %s", path, why);
		error_hint(error, "name another file, or remove this one first");
		return -EEXIST;
	}
	status = examine_content(path, &seen, error);
	return status ? status : 1;
}

int trace_may_create(const char *path, struct error *error)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int status = examine(path, error);

	if (status < 0)
		return status;
	folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!folder)
		return error_errno(error, -ENOMEM, "cannot record to %s", path);
	status = 0;
	if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS))
		status = error_errno(error, -errno, "cannot record to %s, because of its directory", path);
	free(folder);
	return status;
}

/* O_EXCL follows no link and takes over no file, so whatever appears after the look above makes this fail. */
static int create_file(const char *path, struct error *error)
{
	int status = examine(path, error);
	int fd;

	if (status < 0)
		return status;
	if (status && unlink(path))
		return error_errno(error, -errno, "cannot replace the trace %s", path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(error, -errno, "cannot create the trace %s", path);
	flock(fd, LOCK_EX | LOCK_NB); /* only tells a second writer that we are here; not all file systems have it */
	return fd;
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

static int write_all(struct trace_writer *writer, const void *bytes, size_t length)
{
	const char *position = bytes;

	while (length) {
		ssize_t written = write(writer->fd, position, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			error_errno(&writer->failed, written < 0 ? -errno : -EIO, "cannot write the trace %s",
				    writer->path);
			error_hint(&writer->failed,
				   "make room or record elsewhere; `lifeline report %s` shows what it holds",
				   writer->path);
			return writer->failed.code;
		}
		position += written;
		length -= (size_t)written;
	}
	return 0;
}

static int write_head(struct trace_writer *writer)
{
	struct trace_head *head = &writer->head;
	struct buffer table = {0};
	int status;

	table_encode(&table);
	if (table.failed) {
		buffer_free(&table);
		return error_errno(&writer->failed, -ENOMEM, "cannot write the trace %s", writer->path);
	}
	*head = (struct trace_head){.byte_order = TRACE_BYTE_ORDER,
				    .major = TRACE_MAJOR,
				    .minor = TRACE_MINOR,
				    .flags = TRACE_INCOMPLETE,
				    .table_size = (uint32_t)table.length};
	memcpy(head->magic, TRACE_MAGIC, sizeof(head->magic));
	strncpy(head->tool, LIFELINE_VERSION, sizeof(head->tool) - 1);
	head->table_crc = (uint32_t)crc32(0, (const Bytef *)table.data, (uInt)table.length);
	head->crc = trace_head_crc(*head);
	status = write_all(writer, head, sizeof(*head));
	if (!status)
		status = write_all(writer, table.data, table.length);
	buffer_free(&table);
	return status;
}

static void release(struct trace_writer *writer)
{
	if (!writer)
		return;
	if (writer->fd >= 0)
		close(writer->fd);
	if (writer->deflating)
		deflateEnd(&writer->deflate);
	free(writer->raw);
	free(writer->packed);
	free(writer->path);
	free(writer);
}

static struct trace_writer *allocate(const char *path)
{
	struct trace_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return NULL;
	writer->fd = -1;
	writer->path = strdup(path);
	writer->raw = malloc(TRACE_BLOCK_RAW);
	writer->deflating = deflateInit(&writer->deflate, LEVEL) == Z_OK;
	if (writer->deflating)
		writer->packed_size = sizeof(writer->block) + deflateBound(&writer->deflate, TRACE_BLOCK_RAW);
	writer->packed = writer->packed_size ? malloc(writer->packed_size) : NULL;
	if (writer->path && writer->raw && writer->packed)
		return writer;
	release(writer);
	return NULL;
}

/* A limit of file size is to end the recording with an error, as a full disk does, and not lifeline with a signal. */
static void survive_file_limit(void)
{
	struct sigaction action;

	if (sigaction(SIGXFSZ, NULL, &action) || action.sa_handler != SIG_DFL)
		return;
	action.sa_handler = SIG_IGN;
	sigaction(SIGXFSZ, &action, NULL);
}

int trace_create(const char *path, struct trace_writer **writer, struct error *error)
{
	struct trace_writer *new = allocate(path);

	*writer = NULL;
	if (!new)
		return error_errno(error, -ENOMEM, "cannot record to %s", path);
	survive_file_limit();
	new->fd = create_file(path, error);
	if (new->fd < 0) {
		int status = new->fd;

		release(new);
		return status;
	}
	if (write_head(new)) {
		int status = new->failed.code;

		/* A trace without even its head is of no use to anybody. The directory may be shared, the file is ours.
		 */
		unlink(path);
		error_errno(error, status, "cannot write the trace %s", path);
		release(new);
		return status;
	}
	*writer = new;
	return 0;
}

static void count_block(struct trace_end *end, const struct trace_block *block)
{
	end->first_ns = end->blocks && end->first_ns < block->first_ns ? end->first_ns : block->first_ns;
	end->last_ns = end->last_ns > block->last_ns ? end->last_ns : block->last_ns;
	end->records += block->records;
	end->raw += block->raw;
	end->blocks++;
}

/* Writes the gathered records as one block and starts the next. */
static int end_block(struct trace_writer *writer)
{
	z_stream *deflater = &writer->deflate;
	struct trace_block *block = &writer->block;
	unsigned char *payload = writer->packed + sizeof(*block);

	deflateReset(deflater);
	deflater->next_in = writer->raw;
	deflater->avail_in = block->raw;
	deflater->next_out = payload;
	deflater->avail_out = (uInt)(writer->packed_size - sizeof(*block));
	if (deflate(deflater, Z_FINISH) != Z_STREAM_END)
		return error_set(&writer->failed, -EIO, "cannot compress a block of the trace %s", writer->path);

	block->magic = TRACE_BLOCK_MAGIC;
	block->packed = (uint32_t)deflater->total_out;
	block->sequence = writer->end.blocks;
	block->payload_crc = (uint32_t)crc32(0, payload, block->packed);
	block->crc = trace_crc(block, sizeof(*block));
	memcpy(writer->packed, block, sizeof(*block));
	if (write_all(writer, writer->packed, sizeof(*block) + block->packed))
		return writer->failed.code;
	count_block(&writer->end, block);
	*block = (struct trace_block){0};
	return 0;
}

int trace_flush(struct trace_writer *writer)
{
	if (writer->failed.code || !writer->block.records)
		return writer->failed.code;
	return end_block(writer);
}

int trace_write(struct trace_writer *writer, const struct event *event)
{
	struct trace_block *block = &writer->block;

	if (writer->failed.code)
		return writer->failed.code;
	if (event->size > TRACE_BLOCK_RAW - block->raw && trace_flush(writer))
		return writer->failed.code;
	memcpy(writer->raw + block->raw, event, event->size);
	if (!block->records || event->t_ns < block->first_ns)
		block->first_ns = event->t_ns;
	if (event->t_ns > block->last_ns)
		block->last_ns = event->t_ns;
	block->raw += event->size;
	block->records++;
	return 0;
}

/* Some file systems cannot be told to write through; then there is nothing to wait for. */
static int synchronize(struct trace_writer *writer)
{
	if (!fsync(writer->fd) || errno == EINVAL || errno == ENOTSUP)
		return 0;
	return error_errno(&writer->failed, -errno, "cannot bring the trace %s to the disk", writer->path);
}

static int end_file(struct trace_writer *writer)
{
	const uint32_t complete = 0;

	if (trace_flush(writer))
		return writer->failed.code;
	writer->end.magic = TRACE_END_MAGIC;
	writer->end.crc = trace_crc(&writer->end, sizeof(writer->end));
	if (write_all(writer, &writer->end, sizeof(writer->end)) || synchronize(writer))
		return writer->failed.code;
	/* All of it is on the disk: only now may the mark go. */
	if (pwrite(writer->fd, &complete, sizeof(complete), offsetof(struct trace_head, flags)) != sizeof(complete))
		return error_errno(&writer->failed, -errno, "cannot mark the trace %s as complete", writer->path);
	return synchronize(writer);
}

int trace_finish(struct trace_writer *writer, struct error *error)
{
	int status;

	if (!writer)
		return 0;
	end_file(writer);
	status = writer->failed.code;
	if (status && error)
		*error = writer->failed;
	release(writer);
	return status;
}
