/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Absolute path of a file, by walking dentries to the root as d_path() does (fs/d_path.c prepend_path): bpf_d_path is
 * refused in tracepoint programs. Names are written from the end of the buffer backwards. */
#ifndef LIFELINE_BPF_PATH_H
#define LIFELINE_BPF_PATH_H

#include "lib/common.bpf.h"

#define PATH_BUFFER 4096 /* a power of two: offsets are masked with it */
#define PATH_DEPTH 40
#define NAME_LENGTH 255

struct path_buffer {
	char text[PATH_BUFFER + NAME_LENGTH + 1]; /* room behind, so that a masked offset plus a name stays inside */
	__u32 start; /* first byte of the path; it ends at PATH_BUFFER */
};

struct path_walk {
	struct path_buffer *buffer;
	struct dentry *dentry;
	struct mount *mount;
	__u32 start;
	__u32 done;
};

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (struct mount *)((void *)mnt - bpf_core_field_offset(struct mount, mnt));
}

static __always_inline long walk_step(__u64 index, void *context)
{
	struct path_walk *walk = context;
	struct dentry *dentry = walk->dentry, *parent = BPF_CORE_READ(dentry, d_parent);
	struct mount *mount = walk->mount; /* own locals: BPF_CORE_READ would relocate our struct too */
	struct qstr name = {};
	__u32 length, start;

	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root) || dentry == parent) {
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);

		if (above == mount) {
			walk->done = 1;
			return 1;
		}
		walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		walk->mount = above;
		return 0;
	}
	bpf_probe_read_kernel(&name, sizeof(name), &dentry->d_name);
	length = name.len;
	if (length > NAME_LENGTH || length + 1 >= walk->start)
		return 1; /* does not fit: what there is, is the tail */
	start = (walk->start - length) & (PATH_BUFFER - 1);
	bpf_probe_read_kernel(&walk->buffer->text[start], length & NAME_LENGTH, name.name);
	start = (start - 1) & (PATH_BUFFER - 1);
	walk->buffer->text[start] = '/';
	walk->start = start;
	walk->dentry = parent;
	return 0;
}

/* Fills buffer with the text of this path, which lies at a kernel address. */
static __always_inline void path_at(struct path_buffer *buffer, const struct path *at)
{
	struct path path = {};
	struct path_walk walk = {.buffer = buffer, .start = PATH_BUFFER - 1};

	bpf_probe_read_kernel(&path, sizeof(path), at);
	walk.dentry = path.dentry;
	walk.mount = mount_of(path.mnt);
	repeat(PATH_DEPTH, PATH_DEPTH, walk_step, &walk);
	buffer->text[PATH_BUFFER - 1] = 0;
	buffer->start = walk.start;
}

/* Fills buffer with the path of file; buffer->start == PATH_BUFFER means none. */
static __always_inline void path_of(struct path_buffer *buffer, struct file *file)
{
	buffer->start = PATH_BUFFER;
	if (file)
		path_at(buffer, &file->f_path);
}

#endif
