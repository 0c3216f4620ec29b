/* Lookups over the action table. */
#include "tui/keymap.h"
#include "tui/key.h"
#include <stdio.h>
#include <string.h>

static const ActionInfo table[ACT_COUNT] = {{0},
#define X(id, keys, name, context, arg, hint, help) {keys, name, CONTEXT_##context, arg, hint, help},
                                            ACTIONS(X)
#undef X
};

const ActionInfo *action_info(Action action)
{
    return &table[action];
}

const char *context_name(Context context)
{
    static const char *const names[CONTEXT_COUNT] = {"everywhere", "Views",      "Steer",
                                                     "Train",      "Neighbours", "Corners"};
    return names[context];
}

static bool has_key(const char *keys, int key)
{
    for (int k; key_parse_next(&k, &keys);)
        if (k == key) return true;
    return false;
}

static Action find_in(Context context, int key)
{
    for (int a = 1; a < ACT_COUNT; a++)
        if (table[a].context == context && has_key(table[a].keys, key)) return (Action)a;
    return ACT_NONE;
}

Action keymap_find(Context context, int key)
{
    Action own = context == CONTEXT_GLOBAL ? ACT_NONE : find_in(context, key);
    return own ? own : find_in(CONTEXT_GLOBAL, key);
}

/* The candidates among the actions of a context and the global ones whose names begin with name[0..n); *first
 * is one of them, an exact match and the context's own before others. */
static int candidates(Context context, const char *name, size_t n, Action *first)
{
    int count = 0;
    for (int own = 1; own >= 0; own--)
        for (int a = 1; a < ACT_COUNT; a++) {
            if (table[a].context != (own ? context : CONTEXT_GLOBAL) || (!own && context == CONTEXT_GLOBAL))
                continue;
            if (strncmp(table[a].name, name, n)) continue;
            if (!table[a].name[n]) {
                *first = (Action)a;
                return 1;
            }
            if (!count++) *first = (Action)a;
        }
    return count;
}

Action keymap_command(Context context, const char *line, const char **arg)
{
    Action action = ACT_NONE;
    line += strspn(line, " :");
    size_t n = strcspn(line, " ");
    *arg = line + n + strspn(line + n, " ");
    if (!n || candidates(context, line, n, &action) != 1) return ACT_NONE;
    return action;
}

void keymap_keys(char *out, size_t cap, Context context, Action action)
{
    size_t n = 0;
    *out = 0;
    for (const char *at = table[action].keys; *(at += strspn(at, " ")) && n < cap;) {
        const char *name = at;
        int key;
        if (!key_parse_next(&key, &at)) return;
        if (keymap_find(context, key) == action)
            n += (size_t)snprintf(out + n, cap - n, "%s%.*s", n ? " " : "", (int)(at - name), name);
    }
}

void keymap_key(char *out, size_t cap, Context context, Action action)
{
    keymap_keys(out, cap, context, action);
    out[strcspn(out, " ")] = 0;
}

static void roff(Buf *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p == '-' || *p == '\\') buf_str(out, "\\");
        if (*p == '.' && p == text) buf_str(out, "\\&");
        buf_put(out, p, 1);
    }
}

void keymap_manual(Buf *out)
{
    buf_str(out, ".SH KEYS\n");
    for (int context = 0; context < CONTEXT_COUNT; context++) {
        buf_printf(out, ".SS %s\n", context ? context_name((Context)context) : "Everywhere");
        for (int a = 1; a < ACT_COUNT; a++) {
            if (table[a].context != (Context)context) continue;
            buf_str(out, ".TP\n.B ");
            roff(out, *table[a].keys ? table[a].keys : ":");
            buf_str(out, "\n.RB ( :");
            roff(out, table[a].name);
            if (table[a].arg) buf_printf(out, " \" \" \\fI%s\\fP", table[a].arg);
            buf_str(out, " )\n");
            roff(out, table[a].help);
            buf_str(out, "\n");
        }
    }
}
