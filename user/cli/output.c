/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reports' destination; see output.h. A file is written under a temporary name in its own folder and renamed at the
 * end: what stood there before is replaced by a whole report or stays, and a link that somebody planted is never
 * followed.
 */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

int complain(const struct error *error)
{
	struct buffer line = {0};

	buffer_text_append(&line, "lifeline: ");
	text_escape(&line, error->text, strlen(error->text), 0);
	if (error->hint[0]) {
		buffer_text_append(&line, "; ");
		text_escape(&line, error->hint, strlen(error->hint), 0);
	}
	fflush(stdout); /* what was said before stands before */
	fprintf(stderr, "%s\n", buffer_text(&line));
	buffer_free(&line);
	return EXIT_TROUBLE;
}

/* /dev/fd/N, as shells make it for >(COMMAND): a link, but one that names our own descriptor. */
static int inherited_descriptor(const char *path)
{
	int64_t number;

	if (strncmp(path, "/dev/fd/", 8) || text_parse_number(path + 8, 0, 1 << 20, &number) < 0)
		return -1;
	return (int)number;
}

static bool is_standard(const char *path)
{
	return !path || !strcmp(path, "-");
}

static char *folder_of(const char *path)
{
	char *copy = strdup(path);
	char *folder = copy ? strdup(dirname(copy)) : NULL;

	free(copy);
	return folder;
}

static int check_folder(const char *path, const char *what, struct error *error)
{
	char *folder = folder_of(path);
	int err = 0;

	if (!folder)
		return error_errno(error, -ENOMEM, "cannot write %s to %s", what, path);
	if (access(folder, W_OK | X_OK) < 0) {
		err = error_errno(error, -errno, "cannot write %s to %s, its folder %s", what, path, folder);
		error_hint(error, "choose a folder that exists and that you may write to");
	}
	free(folder);
	return err;
}

static bool is_device(const struct stat *info)
{
	return S_ISCHR(info->st_mode) || S_ISFIFO(info->st_mode);
}

static int refuse_kind(const char *path, const char *what, const char *kind, int code, struct error *error)
{
	error_set(error, code, "cannot write %s to %s: it is %s", what, path, kind);
	error_hint(error, "name a regular file, or - for standard output");
	return code;
}

int output_check(const char *path, const char *what, struct error *error)
{
	struct stat info;

	if (is_standard(path) || inherited_descriptor(path) >= 0)
		return 0;
	if (!*path)
		return error_set(error, -EINVAL, "cannot write %s to a file without a name", what);
	if (lstat(path, &info) < 0)
		return errno == ENOENT ? check_folder(path, what, error)
				       : error_errno(error, -errno, "cannot write %s to %s", what, path);
	if (S_ISLNK(info.st_mode))
		return refuse_kind(path, what, "a symbolic link, and those are not followed", -ELOOP, error);
	if (S_ISDIR(info.st_mode))
		return refuse_kind(path, what, "a directory", -EISDIR, error);
	if (is_device(&info))
		return 0;
	if (!S_ISREG(info.st_mode))
		return refuse_kind(path, what, "neither a file nor a device", -EINVAL, error);
	return check_folder(path, what, error);
}

static bool want_color(enum color_mode mode, int descriptor)
{
	const char *none = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	if (mode != COLOR_AUTO)
		return mode == COLOR_ALWAYS;
	return isatty(descriptor) && !(none && *none) && terminal && strcmp(terminal, "dumb");
}

int output_columns(int descriptor)
{
	const char *wanted = getenv("COLUMNS");
	struct winsize size;
	int64_t columns = 100;

	if (!isatty(descriptor))
		return 100;
	if (!wanted || text_parse_number(wanted, 1, 100000, &columns) < 0)
		columns = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 100;
	return columns < 40 ? 40 : columns > 200 ? 200 : (int)columns;
}

int output_prose_columns(int descriptor)
{
	int columns = output_columns(descriptor);

	return columns < 100 ? columns : 100;
}

static int open_temporary(struct output *output, const char *path, struct error *error)
{
	int descriptor;

	output->path = strdup(path);
	if (!output->path || asprintf(&output->temporary, "%s.incomplete.XXXXXX", path) < 0)
		return error_errno(error, -ENOMEM, "cannot write %s to %s", output->what, path);
	descriptor = mkostemp(output->temporary, O_CLOEXEC); /* O_EXCL and 0600 */
	if (descriptor < 0) {
		int err = error_errno(error, -errno, "cannot write %s to %s", output->what, path);

		error_hint(error, "choose a folder that exists and that you may write to");
		free(output->temporary);
		output->temporary = NULL;
		return err;
	}
	return descriptor;
}

static int open_path(struct output *output, const char *path, struct error *error)
{
	int inherited = inherited_descriptor(path);
	struct stat info;
	int descriptor;

	if (inherited >= 0)
		descriptor = fcntl(inherited, F_DUPFD_CLOEXEC, 3);
	else if (lstat(path, &info) == 0 && is_device(&info))
		descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	else
		return open_temporary(output, path, error);
	return descriptor < 0 ? error_errno(error, -errno, "cannot write %s to %s", output->what, path) : descriptor;
}

static int open_descriptor(struct output *output, const char *path, struct error *error)
{
	int descriptor = output_check(path, output->what, error);

	if (!descriptor)
		descriptor = open_path(output, path, error);
	if (descriptor < 0)
		return descriptor;
	output->descriptor = descriptor;
	output->owned = true;
	return 0;
}

static ssize_t write_bytes(void *cookie, const char *bytes, size_t length)
{
	struct output *output = cookie;
	size_t done = 0;

	while (!output->failure && done < length) {
		ssize_t written = write(output->descriptor, bytes + done, length - done);

		if (written >= 0)
			done += (size_t)written;
		else if (errno != EINTR)
			output->failure = -errno;
	}
	return output->failure ? 0 : (ssize_t)length; /* 0 is failure, see fopencookie(3) */
}

static int open_stream(struct output *output, struct error *error)
{
	output->file = fopencookie(output, "w", (cookie_io_functions_t){.write = write_bytes});
	return output->file ? 0 : error_errno(error, -ENOMEM, "cannot write %s", output->what);
}

static void forget(struct output *output)
{
	if (output->temporary)
		unlink(output->temporary);
	free(output->temporary);
	free(output->path);
	output->temporary = output->path = NULL;
}

static void close_descriptor(struct output *output)
{
	/* A file system may tell only now that there was no room. */
	if (output->owned && close(output->descriptor) < 0 && !output->failure)
		output->failure = -errno;
	output->owned = false;
}

int output_open(struct output *output, const char *path, const char *what, FILE *standard, enum color_mode color,
		struct error *error)
{
	int err;

	if (path)
		standard = stdout;
	fflush(standard);
	*output = (struct output){.descriptor = fileno(standard), .what = what};
	/* A reader that went away, or a limit of file size, is told as an error. CMD was started before this. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	err = is_standard(path) ? 0 : open_descriptor(output, path, error);
	if (!err)
		err = open_stream(output, error);
	if (err < 0) {
		close_descriptor(output);
		forget(output);
		return err;
	}
	output->color = want_color(color, output->descriptor);
	output->columns = output_columns(output->descriptor);
	output->unicode = !strcmp(nl_langinfo(CODESET), "UTF-8");
	return 0;
}

static int finish_file(struct output *output, bool discard)
{
	bool failed = fclose(output->file) != 0;

	close_descriptor(output);
	if (failed && !output->failure)
		output->failure = -EIO;
	if (output->failure || discard || !output->temporary)
		return output->failure;
	if (rename(output->temporary, output->path) < 0)
		return -errno;
	free(output->temporary);
	output->temporary = NULL;
	return 0;
}

static const char *place_name(const struct output *output, bool owned)
{
	if (output->path)
		return output->path;
	if (owned)
		return "the file given with -o";
	return output->descriptor == STDOUT_FILENO ? "standard output" : "standard error";
}

int output_close(struct output *output, bool discard, struct error *error)
{
	bool owned = output->owned;
	int err = finish_file(output, discard);

	if (err < 0) {
		error_errno(error, err, "cannot write all of it to %s", place_name(output, owned));
		error_hint(error, err == -EPIPE ? "let the reader stay until the end, or write to a file with -o"
						: "make room there, or choose another place with -o");
	}
	forget(output);
	return err;
}

int output_print(struct buffer *text)
{
	struct output output;
	struct error error = {0};

	if (text->failed) {
		error_errno(&error, -ENOMEM, "cannot put the text together");
	} else if (!output_open(&output, NULL, "the text", stdout, COLOR_NEVER, &error)) {
		fputs(buffer_text(text), output.file);
		output_close(&output, false, &error);
	}
	buffer_free(text);
	return error.code ? complain(&error) : 0;
}
