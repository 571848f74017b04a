/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The steps of becoming a daemon as marks on the calls of who takes them. Paths come from strangers and are escaped.
 */
#include "sink/common/perfetto.h"

#include "base/text.h"
#include "event/event.h"

#define PATH_SHOWN 200

static void mark_path(struct perfetto *perfetto, const struct event *event, const char *what, const char *path,
		      uint32_t length)
{
	struct buffer *name = &perfetto->tracks.name;

	buffer_clear(name);
	text_escape(name, path, length, PATH_SHOWN);
	mark_actor(perfetto, event, "session", mark_label(perfetto, "%s %s", what, buffer_text(name)));
}

void show_chdir(struct perfetto *perfetto, const struct event *event)
{
	uint32_t length;
	const char *path = EVENT_BLOB(event, chdir, path, &length);

	mark_path(perfetto, event, "chdir", path, length);
}

void show_umask(struct perfetto *perfetto, const struct event *event)
{
	mark_actor(perfetto, event, "session",
		   mark_label(perfetto, "umask %04o", ((const struct event_umask *)event)->mask));
}

void show_dup(struct perfetto *perfetto, const struct event *event)
{
	const struct event_dup *told = (const void *)event;

	mark_actor(perfetto, event, "session", mark_label(perfetto, "dup %d to %d", told->from, told->to));
}

void show_close(struct perfetto *perfetto, const struct event *event)
{
	mark_actor(perfetto, event, "session",
		   mark_label(perfetto, "close %u", ((const struct event_close *)event)->first));
}

void show_open(struct perfetto *perfetto, const struct event *event)
{
	uint32_t length;
	const char *path = EVENT_BLOB(event, open, path, &length);

	mark_path(perfetto, event, "open", path, length);
}

void show_file_lock(struct perfetto *perfetto, const struct event *event)
{
	const struct event_file_lock *told = (const void *)event;
	uint32_t length;
	const char *path = EVENT_BLOB(event, file_lock, path, &length);

	mark_path(perfetto, event, told->result ? "lock refused:" : told->how == 2 ? "unlock" : "lock", path, length);
}

void show_unlink(struct perfetto *perfetto, const struct event *event)
{
	uint32_t length;
	const char *path = EVENT_BLOB(event, unlink, path, &length);

	mark_path(perfetto, event, "unlink", path, length);
}

void show_move(struct perfetto *perfetto, const struct event *event)
{
	uint32_t length;
	const char *path = EVENT_BLOB(event, move, to, &length);

	mark_path(perfetto, event, "rename to", path, length);
}

void show_listen(struct perfetto *perfetto, const struct event *event)
{
	const struct event_listen *told = (const void *)event;

	mark_actor(perfetto, event, "session",
		   told->port ? mark_label(perfetto, "listen on port %u", told->port) : "listen");
}
