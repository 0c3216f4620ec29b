/* Specs: the architecture of a state dict as a short table of layers in words of our own (docs/formats.md has
 * them all).
 *
 *     viewsmith spec 1: DCGAN of digits
 *     generator
 *     input z 100 1 1
 *     latent normal
 *     convt net.0
 *     batchnorm net.1
 *     relu
 *     ...
 *     output image
 *
 * Sizes follow from the tensors; a line reads the line before it unless it says `of NAME`. */
#pragma once
#include "model/import.h"
#include "model/state.h"

#define SPEC_FILE_MAX ((size_t)256 << 10)

/* Builds out of `text` (size bytes); `name` is the spec's own in errors, which say "NAME, line 7: ...". Every
 * tensor of s must be used. *out is empty on failure. */
bool spec_build(Imported *out, State *s, const char *text, size_t size, const char *name, Err *err);
/* A spec to begin with, from names and shapes alone: what they cannot tell is marked with "?". malloc'ed;
 * NULL: out of memory. */
char *spec_draft(const State *s);
