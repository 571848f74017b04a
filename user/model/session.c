/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sessions, process groups, and what becoming a daemon is made of; see session.h. Steps are handed on by fork without a
 * copy: parent and child share one record until either takes a further step. */
#include <string.h>

#include "model/internal.h"

#define PIDFILES_MAX 1024 /* met in one observation; more than there are daemons, unless names are forged */
#define SMALL_PATH 4096
#define ACCESS_MODE 03 /* flags of open(2), the same on all machines that traces come from */
#define READ_ONLY 0
#define TRUNCATE 01000
#define LEFT_NS 250000000ULL /* after its owner's end a pidfile may lie for so long until somebody removes it */

/* ---- steps */

static struct steps *steps_change(struct model *model, struct process *process)
{
	struct record *record = record_of(process);
	struct shared_steps *fresh;

	if (record->steps && record->steps->users == 1)
		return &record->steps->steps;
	fresh = arena_get(&model->arena, sizeof(*fresh));
	if (!fresh)
		return NULL;
	if (record->steps) {
		fresh->steps = record->steps->steps;
		record->steps->users--;
		text_share(fresh->steps.cwd);
		text_share(fresh->steps.listen_name);
	}
	fresh->users = 1;
	record->steps = fresh;
	process->steps = &fresh->steps;
	return &fresh->steps;
}

static void steps_release(struct model *model, struct record *record)
{
	struct shared_steps *steps = record->steps;

	record->steps = NULL;
	record->process.steps = NULL;
	if (!steps || --steps->users)
		return;
	text_release(model, steps->steps.cwd);
	text_release(model, steps->steps.listen_name);
	arena_put(&model->arena, steps, sizeof(*steps));
}

void steps_inherit(struct process *child, struct process *creator)
{
	if (child->steps || !creator->steps)
		return;
	record_of(creator)->steps->users++;
	record_of(child)->steps = record_of(creator)->steps;
	child->steps = creator->steps;
}

int steps_exec(struct model *model, struct process *process, uint64_t t_ns)
{
	struct steps *steps = steps_change(model, process);

	if (!steps)
		return -ENOMEM;
	steps->exec_ns = t_ns;
	steps->exec_by = process->id;
	return 0;
}

/* The actor and its steps, to be changed. 0 (then *steps is NULL if there is no actor) or -ENOMEM. */
static int actor_steps(struct model *model, const struct event *event, struct process **process, struct steps **steps)
{
	*steps = NULL;
	*process = process_actor(model, event, NULL);
	if (!*process)
		return 0;
	*steps = steps_change(model, *process);
	return needed(*steps);
}

int fold_setsid(struct model *model, const struct event *event)
{
	const struct event_setsid *told = (const void *)event;
	struct process *process;
	struct steps *steps;
	int err = actor_steps(model, event, &process, &steps);

	if (!steps)
		return err;
	process->sid = told->sid;
	process->pgid = told->sid; /* setsid(2): leader of a new session and of a new group in it */
	steps->setsid_ns = event->t_ns;
	steps->setsid_by = (struct process_ref){event->pid, event->start_ns};
	return 0;
}

int fold_setpgid(struct model *model, const struct event *event)
{
	const struct event_setpgid *told = (const void *)event;
	struct process *target = process_find(model, told->target, told->target_start);

	process_actor(model, event, NULL);
	if (target)
		target->pgid = told->pgid;
	return 0;
}

int fold_subreaper(struct model *model, const struct event *event)
{
	const struct event_subreaper *told = (const void *)event;
	struct process *process = process_actor(model, event, NULL);

	if (process)
		process->subreaper = told->on;
	return 0;
}

int fold_pdeathsig(struct model *model, const struct event *event)
{
	const struct event_pdeathsig *told = (const void *)event;
	struct process *process = process_actor(model, event, NULL);

	if (process)
		process->pdeathsig = (uint32_t)told->signal;
	return 0;
}

/* One copy of a text in the place of what was there; an empty one is not known: NULL. */
static int keep_text(struct model *model, const char *bytes, uint32_t length, const char **text)
{
	const char *before = *text;

	*text = length ? text_keep(model, bytes, length) : NULL;
	text_release(model, before);
	return length ? needed(*text) : 0;
}

int fold_chdir(struct model *model, const struct event *event)
{
	const struct event_chdir *told = (const void *)event;
	struct process *process;
	struct steps *steps;
	uint32_t length;
	const char *path = EVENT_BLOB(event, chdir, path, &length);
	int err = actor_steps(model, event, &process, &steps);

	if (!steps)
		return err;
	steps->chdir_ns = event->t_ns;
	steps->chdir_root = told->root;
	return keep_text(model, path, length, &steps->cwd);
}

/* umask can only be asked by setting it, so a call that puts back what an earlier one found is no choice. */
int fold_umask(struct model *model, const struct event *event)
{
	const struct event_umask *told = (const void *)event;
	struct process *process;
	struct steps *steps;
	int err = actor_steps(model, event, &process, &steps);
	bool first;

	if (!steps)
		return err;
	first = !steps->umask_ns || steps->umask_ns < steps->exec_ns;
	if (first)
		steps->umask_before = told->before;
	steps->umask_chosen = first || told->mask != steps->umask_before;
	steps->umask = told->mask;
	steps->umask_ns = event->t_ns;
	return 0;
}

static int touch(struct model *model, const struct event *event, int64_t first, int64_t last)
{
	struct process *process;
	struct steps *steps;
	int err = actor_steps(model, event, &process, &steps);

	for (int64_t i = first < 0 ? 0 : first; steps && i <= last && i < 3; i++)
		steps->standard_ns[i] = event->t_ns;
	return err;
}

int fold_dup(struct model *model, const struct event *event)
{
	const struct event_dup *told = (const void *)event;

	return told->from == told->to ? 0 : touch(model, event, told->to, told->to);
}

int fold_close(struct model *model, const struct event *event)
{
	const struct event_close *told = (const void *)event;

	return touch(model, event, told->first, told->last);
}

int fold_listen(struct model *model, const struct event *event)
{
	const struct event_listen *told = (const void *)event;
	struct process *process;
	struct steps *steps;
	uint32_t length;
	const char *name = EVENT_BLOB(event, listen, name, &length);
	int err = actor_steps(model, event, &process, &steps);

	if (!steps || (steps->listen_ns && steps->listen_ns > steps->exec_ns))
		return err;
	steps->listen_ns = event->t_ns;
	steps->listen_family = told->family;
	steps->listen_port = told->port;
	return keep_text(model, name, length, &steps->listen_name);
}

/* ---- looks */

static int take_look_texts(struct model *model, const struct event *event, struct session_look *look)
{
	uint32_t cwd_length, examples_length, lengths[3];
	const char *cwd = EVENT_BLOB(event, session_look, cwd, &cwd_length);
	const char *examples = EVENT_BLOB(event, session_look, examples, &examples_length);
	const char *texts[3] = {EVENT_BLOB(event, session_look, stdin_text, &lengths[0]),
				EVENT_BLOB(event, session_look, stdout_text, &lengths[1]),
				EVENT_BLOB(event, session_look, stderr_text, &lengths[2])};

	for (int i = 0; i < 3; i++)
		if (keep_text(model, texts[i], lengths[i], &look->standard_text[i]))
			return -ENOMEM;
	look->examples_length = examples_length;
	if (keep_text(model, examples, examples_length, &look->examples))
		return -ENOMEM;
	return keep_text(model, cwd, cwd_length, &look->cwd);
}

static void look_release(struct model *model, struct session_look *look)
{
	if (!look)
		return;
	for (int i = 0; i < 3; i++)
		text_release(model, look->standard_text[i]);
	text_release(model, look->examples);
	text_release(model, look->cwd);
	arena_put(&model->arena, look, sizeof(*look));
}

void session_release(struct model *model, struct process *process)
{
	look_release(model, process->session_look);
	look_release(model, process->exit_look);
	process->session_look = process->exit_look = NULL;
	steps_release(model, record_of(process));
}

int fold_session_look(struct model *model, const struct event *event)
{
	const struct event_session_look *told = (const void *)event;
	struct process *process = process_actor(model, event, NULL);
	struct session_look *look, **place;

	if (!process)
		return 0;
	look = arena_get(&model->arena, sizeof(*look));
	if (!look)
		return -ENOMEM;
	*look = (struct session_look){
	    .at_ns = event->t_ns,
	    .parent = {told->parent, told->parent_start},
	    .sid = told->sid,
	    .pgid = told->pgid,
	    .terminal = told->terminal,
	    .umask = told->umask,
	    .hangup = told->hangup,
	    .leader = told->leader,
	    .leader_alive = told->leader_alive,
	    .cwd_root = told->cwd_root,
	    .subreaper = told->subreaper,
	    .adopted = told->adopted,
	    .standard = {told->stdin_kind, told->stdout_kind, told->stderr_kind},
	    .descriptors = told->descriptors,
	    .inherited = told->inherited,
	    .pty_masters = told->pty_masters,
	    .execs = told->execs,
	    .example = {told->example1, told->example2, told->example3, told->example4},
	};
	if (told->sid)
		process->sid = told->sid;
	if (told->pgid)
		process->pgid = told->pgid;
	place = told->cause == LOOK_EXIT ? &process->exit_look : &process->session_look;
	look_release(model, *place);
	*place = look;
	return take_look_texts(model, event, look);
}

/* ---- files for a pid */

/* The file as it is now, of this path; NULL: never met. */
static struct pidfile *pidfile_find(struct model *model, const char *path, uint32_t mntns)
{
	return hash_get(&model->pidfiles, (uint64_t)(uintptr_t)path, mntns);
}

/* A new one takes the place of what was there under this path. *file is NULL if there are too many. */
static int pidfile_begin(struct model *model, const char *path, uint32_t mntns, uint64_t t_ns, struct pidfile **file)
{
	*file = NULL;
	if (model->pidfile_count == PIDFILES_MAX)
		return 0;
	*file = arena_get(&model->arena, sizeof(**file));
	if (!*file)
		return -ENOMEM;
	text_share(path);
	(*file)->path = path;
	(*file)->mntns = mntns;
	(*file)->met_ns = t_ns;
	(*file)->old_size = -1;
	(*file)->alive = (*file)->old_alive = 2;
	model->pidfile_count++;
	if (model->last_pidfile)
		model->last_pidfile->next = *file;
	else
		model->first_pidfile = *file;
	model->last_pidfile = *file;
	return hash_put(&model->pidfiles, (uint64_t)(uintptr_t)path, mntns, *file);
}

static struct process_ref actor_of(const struct event *event)
{
	return (struct process_ref){event->pid, event->start_ns};
}

static void open_for_writing(struct pidfile *file, const struct event *event)
{
	if (file->opened_ns)
		return;
	file->opened_ns = event->t_ns;
	file->opened_by = actor_of(event);
}

/* Somebody else than the one whose pid it holds opens it for writing: it becomes another's. */
static bool begins_anew(const struct pidfile *file, const struct event_open *told, bool writes)
{
	if (!file || told->created)
		return true;
	return writes && file->owner.pid && !process_ref_equal(file->owner, actor_of(&told->h));
}

static bool owner_ended(const struct model *model, const struct pidfile *file)
{
	const struct process *owner = process_find(model, file->owner.pid, file->owner.start_ns);

	return owner && owner->exited_ns;
}

/* Somebody opens a file that was there already, its owner having ended some time ago: nobody removed it meanwhile. At
 * once would say nothing, as who started a daemon may remove its file. */
static void note_left(const struct model *model, struct pidfile *file, const struct event_open *told)
{
	const struct process *owner = process_find(model, file->owner.pid, file->owner.start_ns);

	if (!told->created && !file->left_ns && owner && owner->exited_ns &&
	    told->h.t_ns > owner->exited_ns + LEFT_NS)
		file->left_ns = told->h.t_ns;
}

static int take_pidfile(struct model *model, const struct event_open *told, const char *path)
{
	const bool writes = (told->flags & ACCESS_MODE) != READ_ONLY;
	struct pidfile *file = pidfile_find(model, path, told->mntns), *old = file;

	if (old)
		note_left(model, old, told);
	if (begins_anew(file, told, writes)) {
		if (pidfile_begin(model, path, told->mntns, told->h.t_ns, &file))
			return -ENOMEM;
		if (!file)
			return 0;
		file->existed = !told->created;
		file->old_size = told->created ? 0 : told->flags & TRUNCATE && writes ? -1 : told->size;
		if (old && !told->created) {
			file->old_holds = old->holds;
			file->old_alive = owner_ended(model, old) ? 0 : old->alive;
		}
	}
	if (writes)
		open_for_writing(file, &told->h);
	return 0;
}

int fold_open(struct model *model, const struct event *event)
{
	const struct event_open *told = (const void *)event;
	uint32_t length;
	const char *bytes = EVENT_BLOB(event, open, path, &length);
	char *path;
	int err;

	if (told->descriptor >= 0 && told->descriptor <= 2 && touch(model, event, told->descriptor, told->descriptor))
		return -ENOMEM;
	if (told->kind != DESCRIPTOR_FILE || !length)
		return 0;
	path = text_keep(model, bytes, length);
	err = path ? take_pidfile(model, told, path) : -ENOMEM;
	text_release(model, path); /* a pidfile has its own share by now */
	return err;
}

int fold_file_lock(struct model *model, const struct event *event)
{
	const struct event_file_lock *told = (const void *)event;
	uint32_t length;
	const char *bytes = EVENT_BLOB(event, file_lock, path, &length);
	const char *path = length ? text_find(model, bytes, length) : NULL; /* of a pidfile there is a copy */
	struct pidfile *file = path ? pidfile_find(model, path, told->mntns) : NULL;

	if (!file || told->how > 1)
		return 0;
	if (!told->result && !file->locked_ns)
		file->locked_ns = event->t_ns;
	if (told->result && !file->refused_ns)
		file->refused_ns = event->t_ns;
	return 0;
}

/* The absolute path of a name and the directory that it is relative to: to be released. *path is NULL if it cannot be
 * known. */
static int join(struct model *model, const char *name, uint32_t name_length, const char *directory,
		uint32_t directory_length, const char **path)
{
	char text[SMALL_PATH];
	uint32_t used = 0;

	*path = NULL;
	if (!name_length || (*name != '/' && !directory_length) ||
	    (uint64_t)name_length + directory_length + 1 > sizeof(text))
		return 0;
	if (*name != '/') {
		memcpy(text, directory, directory_length);
		used = directory_length;
		if (text[used - 1] != '/')
			text[used++] = '/';
		while (name_length > 2 && name[0] == '.' && name[1] == '/') {
			name += 2;
			name_length -= 2;
		}
	}
	memcpy(text + used, name, name_length);
	*path = text_keep(model, text, used + name_length);
	return needed(*path);
}

int fold_unlink(struct model *model, const struct event *event)
{
	const struct event_unlink *told = (const void *)event;
	uint32_t length, directory_length;
	const char *name = EVENT_BLOB(event, unlink, path, &length), *path;
	const char *directory = EVENT_BLOB(event, unlink, directory, &directory_length);
	struct pidfile *file;

	if (join(model, name, length, directory, directory_length, &path))
		return -ENOMEM;
	file = path ? pidfile_find(model, path, told->mntns) : NULL;
	text_release(model, path);
	if (!file || file->removed_ns)
		return 0;
	file->removed_ns = event->t_ns;
	file->removed_by = actor_of(event);
	comm_copy(file->removed_comm, event->comm);
	return 0;
}

int fold_move(struct model *model, const struct event *event)
{
	const struct event_move *told = (const void *)event;
	uint32_t length, directory_length;
	const char *to = EVENT_BLOB(event, move, to, &length), *path;
	const char *directory = EVENT_BLOB(event, move, directory, &directory_length);
	struct pidfile *file, *old;
	int err;

	if (join(model, to, length, directory, directory_length, &path))
		return -ENOMEM;
	if (!path)
		return 0;
	old = pidfile_find(model, path, told->mntns);
	err = pidfile_begin(model, path, told->mntns, event->t_ns, &file);
	text_release(model, path);
	if (err || !file)
		return err;
	file->existed = old && !old->removed_ns;
	file->old_size = old ? old->old_size : -1;
	open_for_writing(file, event);
	return 0;
}

/* Whose pid is that, as the one who wrote it counts pids? */
static const struct process *bearer(const struct model *model, const struct process *writer, uint32_t pid)
{
	if (writer && writer->pidns_level)
		return hash_get(&model->ns_pids, pid, writer->pidns);
	return hash_get(&model->pids, pid, 0);
}

static void take_contents(struct model *model, struct pidfile *file, const struct event_pidfile_look *told)
{
	const struct process *writer = process_find(model, told->h.pid, told->h.start_ns);
	const struct process *owner = told->holds ? bearer(model, writer, told->holds) : NULL;
	const bool by_opener = owner && process_ref_equal(owner->id, file->opened_by);
	/* it has not been written since it was met: that is what an earlier run left */
	const bool old = told->modified_ns && told->modified_ns + told->slack_ns < file->met_ns && file->existed &&
			 !by_opener;

	if (old) {
		file->old_holds = told->holds;
		file->old_alive = told->alive;
	}
	/* written before its bearer was born: then an earlier bearer of that pid is meant */
	if (!owner || (told->modified_ns && told->modified_ns + told->slack_ns < owner->started_ns))
		return;
	if (!process_ref_equal(file->owner, owner->id))
		file->owned_ns = told->h.t_ns;
	file->owner = owner->id;
}

int fold_pidfile_look(struct model *model, const struct event *event)
{
	const struct event_pidfile_look *told = (const void *)event;
	uint32_t length;
	const char *bytes = EVENT_BLOB(event, pidfile_look, path, &length);
	char *path = length ? text_keep(model, bytes, length) : NULL;
	struct pidfile *file;

	if (!path)
		return length ? -ENOMEM : 0;
	file = pidfile_find(model, path, told->mntns);
	if (!file) { /* found where such files are kept, of a process that was there before */
		const int err = pidfile_begin(model, path, told->mntns, event->t_ns, &file);

		if (err || !file) {
			text_release(model, path);
			return err;
		}
		file->existed = true;
	}
	text_release(model, path);
	file->looked_ns = event->t_ns;
	file->state = told->state;
	file->alive = told->alive;
	if (told->state != PIDFILE_PRESENT)
		return 0;
	file->holds = told->holds;
	file->modified_ns = told->modified_ns;
	file->slack_ns = told->slack_ns;
	take_contents(model, file, told);
	if (!file->left_ns && owner_ended(model, file))
		file->left_ns = event->t_ns;
	return 0;
}

const struct pidfile *model_pidfiles(const struct model *model)
{
	return model->first_pidfile;
}
