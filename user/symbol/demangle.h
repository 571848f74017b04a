/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of C++ and Rust as people write them, by libiberty: it knows Itanium C++ and both of Rust's manglings
 * (libstdc++'s
 * __cxa_demangle knows the first only, and brings C++'s run time along). Static, so nothing has to be there at run
 * time.
 */
#ifndef LIFELINE_SYMBOL_DEMANGLE_H
#define LIFELINE_SYMBOL_DEMANGLE_H

/* Bytes that a name has at most, the zero byte included; longer ones are cut, with "…" at the end. */
#define DEMANGLE_MAX 512

/* A function's name without arguments, without version ("@@GLIBC_2.2.5") and without marks of the compiler's own for a
 * whole copy of it (".constprop.0", ".isra.0"); those of a part (".cold") stay. Free it; NULL without memory. */
char *demangle_function(const char *symbol);
/* A variable's; the number behind one that is static in a function goes ("count.2"). */
char *demangle_variable(const char *symbol);

#endif
