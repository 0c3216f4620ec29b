/* Architectures that names and shapes of tensors tell: a table of builders. */
#pragma once
#include "model/import.h"
#include "model/state.h"
#include "net/ops.h"

typedef struct {
    const char *name;
    bool (*is)(const State *s);
    bool (*build)(Imported *out, State *s, Err *err); /* *out is empty on failure */
} Architecture;

extern const Architecture architecture_stylegan2, architecture_biggan;
/* NULL ends it. */
extern const Architecture *const architectures[];
