/* Which dictionary of a file is meant, and its tensors by name. */
#include "model/state.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where generators and classifiers are kept, the averaged ones first. */
static const char *const dictionaries[] = {
    "g_ema", "G_ema",     "ema",  "params_ema", "state_dict", "model_state_dict",
    "model", "generator", "netG", "G",          "g",          "params"};

/* Before every name, put there by what wrapped the module. */
static const char *const wrappers[] = {"module.", "_orig_mod."};

/* Length of the dictionary's part of a name; 0: it stands at the top. */
static size_t folder(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? (size_t)(slash - name) : 0;
}

static bool lies_in(const Tensor *t, const char *dictionary)
{
    size_t n = strlen(dictionary);
    return folder(t->name) == n && !strncmp(t->name, dictionary, n);
}

static bool any_in(const Tensor *t, int n, const char *dictionary)
{
    for (int i = 0; i < n; i++)
        if (lies_in(&t[i], dictionary)) return true;
    return false;
}

/* The known ones first, then the top, then that of the first tensor. */
static void choose(char out[64], const Tensor *t, int n)
{
    for (size_t i = 0; i < sizeof dictionaries / sizeof *dictionaries; i++)
        if (any_in(t, n, dictionaries[i])) {
            snprintf(out, 64, "%s", dictionaries[i]);
            return;
        }
    size_t size = any_in(t, n, "") ? 0 : folder(t[0].name);
    snprintf(out, 64, "%.*s", (int)(size < 63 ? size : 63), t[0].name);
}

static void unwrap(Tensor *t, int n)
{
    for (size_t w = 0; w < sizeof wrappers / sizeof *wrappers; w++) {
        size_t size = strlen(wrappers[w]);
        int with = 0;
        while (with < n && !strncmp(t[with].name, wrappers[w], size) && t[with].name[size]) with++;
        for (int i = 0; with == n && i < n; i++) t[i].name += size;
    }
}

static bool pick(State *s, const Tensor *t, int n, const char *dictionary, Err *err)
{
    s->tensor = malloc(((size_t)n + 1) * sizeof *s->tensor);
    s->used = calloc((size_t)n + 1, sizeof *s->used);
    if (!s->tensor || !s->used) return err_nomem(err, "a state dict");
    if (dictionary)
        snprintf(s->dictionary, sizeof s->dictionary, "%s", dictionary);
    else if (n)
        choose(s->dictionary, t, n);
    size_t skip = *s->dictionary ? strlen(s->dictionary) + 1 : 0;
    for (int i = 0; i < n; i++) {
        if (!lies_in(&t[i], s->dictionary)) continue;
        s->tensor[s->n] = t[i];
        s->tensor[s->n++].name += skip;
    }
    unwrap(s->tensor, s->n);
    return s->n || err_set(err, ERR_FORMAT, "%s: it has no tensors in \"%s\"", s->path, s->dictionary);
}

bool state_decode(State *s, const uint8_t *bytes, size_t size, const char *path, const char *dictionary,
                  Err *err)
{
    bool torch = torchfile_is(bytes, size);
    *s = (State){.path = path};
    bool ok = torch ? torchfile_decode(&s->torch, bytes, size, path, err)
                    : safetensors_decode(&s->st, bytes, size, path, err);
    ok = ok && pick(s, torch ? s->torch.tensor : s->st.tensor, torch ? s->torch.n : s->st.n, dictionary, err);
    if (!ok) state_close(s);
    return ok;
}

void state_close(State *s)
{
    safetensors_close(&s->st);
    torchfile_close(&s->torch);
    free(s->tensor);
    free(s->used);
    *s = (State){0};
}

static int find(const State *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (!strcmp(s->tensor[i].name, name)) return i;
    return -1;
}

bool state_has(const State *s, const char *name)
{
    return find(s, name) >= 0;
}

const Tensor *state_find(State *s, const char *name)
{
    int i = find(s, name);
    if (i < 0) return NULL;
    s->used[i] = true;
    return &s->tensor[i];
}

const Tensor *state_top(const State *s, const char *name)
{
    const Tensor *t = s->torch.n ? s->torch.tensor : s->st.tensor;
    for (int i = 0, n = s->torch.n ? s->torch.n : s->st.n; i < n; i++)
        if (!strcmp(t[i].name, name)) return &t[i];
    return NULL;
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && !strcmp(name + n - m, end);
}

bool state_all_used(const State *s, Err *err)
{
    for (int i = 0; i < s->n; i++)
        if (!s->used[i] && !ends_with(s->tensor[i].name, "num_batches_tracked"))
            return err_set(err, ERR_FORMAT, "%s: nothing uses the tensor \"%.80s\"", s->path,
                           s->tensor[i].name);
    return true;
}

bool state_floats(float *out, const State *s, const Tensor *t, Err *err)
{
    Err why = {0};
    if (t->dtype == DTYPE_I64) {
        for (size_t i = 0; i < t->count; i++) {
            int64_t x;
            memcpy(&x, (const char *)t->data + 8 * i, 8);
            out[i] = (float)x;
        }
    } else if (!safetensors_floats(out, t, t->count, &why)) {
        return err_set(err, why.code, "%s: %s", s->path, why.msg);
    }
    for (size_t i = 0; i < t->count; i++)
        if (!isfinite(out[i]))
            return err_set(err, ERR_NUMERIC, "%s: tensor \"%.80s\" holds NaN or infinity at element %zu",
                           s->path, t->name, i);
    return true;
}
