/* From keys to actions and back to words: lookups over the action table. */
#pragma once
#include "tui/actions.h"
#include "tui/buf.h"
#include <stdbool.h>
#include <stddef.h>

const ActionInfo *action_info(Action action);
const char *context_name(Context context); /* "everywhere", "Views", ... */

/* What a key does in a context: its own meaning first, then the global one; ACT_NONE when it has none. */
Action keymap_find(Context context, int key);
/* The action a command line names, seen from a context; *arg points past the name and blanks (at "" without
 * one). A unique beginning of a name is enough. ACT_NONE when there is none or it is ambiguous. */
Action keymap_command(Context context, const char *line, const char **arg);
/* The names of the keys that mean the action in a context, a blank between: those that something else has
 * there are left out. keymap_key: the first of them, as hints show it; "" when it has none. */
void keymap_keys(char *out, size_t cap, Context context, Action action);
void keymap_key(char *out, size_t cap, Context context, Action action);
/* The key section of the man page, in roff, from the same table. */
void keymap_manual(Buf *out);
