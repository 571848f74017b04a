/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the parts of the cache share; see symbol.h for what it does.
 *
 * symbols ─ processes (pid, start) ─ image (mappings, shared after fork) ─ objects ─ modules (files, shared by all)
 */
#ifndef LIFELINE_SYMBOL_INTERNAL_H
#define LIFELINE_SYMBOL_INTERNAL_H

#include "symbol/maps.h"
#include "symbol/module.h"
#include "symbol/symbol.h"

struct process {
	struct process *newer, *older;
	pid_t pid;
	uint64_t start_ns;
	struct image *image;
	bool gone;            /* its map cannot be read any more */
	unsigned fruitless;   /* times its map was read anew in vain, lately */
	unsigned passed_over; /* addresses that were not known since the map was last read anew */
};

struct symbols {
	struct hash processes;
	struct process *newest, *oldest; /* by last use */
	struct image *retired;           /* used by nobody, freed by the next call */
	size_t map_count;                /* in all images */
	struct hash modules;             /* by device and inode, as stat tells them; chained */
	size_t module_count;
	struct module_totals totals;
	unsigned descriptors_max;
	uint64_t stamp;
};

/* An address as an ELF file counts. */
struct location {
	struct map *map;       /* NULL: in none that is known */
	struct object *object; /* NULL: in no file */
	struct module *module; /* NULL: address is not known to be one of an ELF file that could be read */
	uint64_t address;
};

/* image.c. False: the address lies in no mapping (for code: in no executable one). */
bool image_locate_code(struct image *image, uint64_t address, struct location *location);
bool image_locate_data(struct image *image, uint64_t address, struct location *location);

/* process.c. To be called first by all that take a `struct symbols`: frees what the last call may have handed out. */
void symbols_begin(struct symbols *symbols);
/* The process, noted now if it was not; NULL if nothing can be known of it. */
struct process *symbols_process(struct symbols *symbols, pid_t pid, uint64_t start_ns);
/* Reads its map anew as an address was found in none; true if that was done. Refused more and more often if it does not
 * help, as addresses may be garbage. */
bool symbols_refresh(struct symbols *symbols, struct process *process);
bool symbols_locate_code(struct symbols *symbols, struct process *process, uint64_t address, struct location *location);

/* registry.c. Sets the modules of an image's code. `directory`: /proc/PID. */
void registry_open_modules(struct symbols *symbols, int directory, struct image *image);
/* Lets them go. */
void registry_release(struct image *image);
/* Marks a module as used now. */
void registry_touch(struct symbols *symbols, struct module *module);
/* Gives memory back if the cache holds too much. Strings that were handed out die. */
void registry_trim(struct symbols *symbols);
void registry_begin(struct symbols *symbols);
void registry_free(struct symbols *symbols);

/* frame.c. Names an address that execution stands at (exact), or that a call returns to. frames[0] has its address;
 * returns how many frames there are, at least one, more if functions were inlined there. */
unsigned frame_name(struct symbols *symbols, const struct location *location, bool exact, struct symbol_frame *frames,
		    unsigned room);

#endif
