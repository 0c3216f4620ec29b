/* A net as JSON, so that a file can carry its own architecture: a list with one entry for each value, in
 * their order,
 *
 *     ["input", "z", [-1, 100]]   ["param", "fc.weight", [64, 100]]   ["buffer", ...]
 *     ["conv", [3, 4], {"pad": [1, 1, 1, 1]}]      an op of net/ops.h, the values it reads (-1: absent), its
 * attributes
 *     ["output", "image", 17]                      at the end: ports
 *
 * Reading takes what writing makes and checks everything again: net_add infers shapes as it did for the
 * builder. */
#pragma once
#include "base/json.h"
#include "net/net.h"

#define GRAPH_ENTRIES_MAX 100000

/* NULL: out of memory. The caller drops it. */
Json *graph_json(const Net *net);
/* `what` names the source in errors. NULL on failure; the caller frees with net_free. */
Net *graph_read(const Json *list, const char *what, Err *err);
/* The same net again, value for value. NULL on failure. */
Net *graph_copy(const Net *net, Err *err);
/* Appends all of `from` to a net being built: inputs named in `name` (n of them) become `value`; parameters
 * and buffers keep their names; outputs are left out. to_value[net_values(from)] receives where each value is
 * now. */
void graph_append(Net *net, const Net *from, char *const *name, const ValueId *value, int n,
                  ValueId *to_value);
