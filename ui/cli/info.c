/* viewsmith info: what a file, a run or an address is, and what it says about itself. */
#include "cli/open.h"
#include "base/file.h"
#include "data/png.h"
#include "model/spec.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Option options[] = {
    OPTION_RUNS,
    {"tensors", OPTION_FLAG, NULL, NULL, 0, 0, false, "List the tensors of a generator or encoder too"},
    {0},
};

static const char *dims_text(char out[96], const int64_t *dim, int rank)
{
    int at = 0;
    out[0] = 0;
    for (int i = 0; i < rank && at < 90; i++)
        at += snprintf(out + at, 96 - (size_t)at, "%s%lld", i ? " x " : "", (long long)dim[i]);
    return rank ? out : "scalar";
}

static void tell_int(const Args *a, Json *o, const char *key, long long x)
{
    json_put_int(o, key, x);
    cli_say(a, "%-15s %lld", key, x);
}

static void tell_text(const Args *a, Json *o, const char *key, const char *text)
{
    json_put_str(o, key, text);
    cli_say(a, "%-15s %s", key, text);
}

/* The members of a card, one a line; nested ones as they are. */
static void tell_card(const Args *a, Json *o, const char *card)
{
    Json *read = json_parse(card, strlen(card), "the card", NULL);
    if (!read) return;
    if (json_is_object(read))
        for (JsonIter it = json_first(read); it.key; it = json_next(read, it)) {
            const char *plain = NULL;
            char *text = json_value_str(it.value, &plain) ? NULL : json_text(it.value);
            cli_say(a, "card %-22s %s", it.key, plain ? plain : text ? text : "");
            free(text);
        }
    json_put(o, "card", read);
}

/* --- safetensors
 * ------------------------------------------------------------------------------------------------- */

static void tell_tensor(const Args *a, Json *list, const Tensor *t)
{
    char dims[96];
    Json *o = json_make(), *shape = json_make_array();
    for (int i = 0; i < t->rank; i++) json_add_int(shape, t->shape[i]);
    json_put_str(o, "name", t->name);
    json_put_str(o, "dtype", safetensors_dtype_name(t->dtype));
    json_put(o, "shape", shape);
    json_add(list, o);
    cli_say(a, "tensor %-40s %-5s %s", t->name, safetensors_dtype_name(t->dtype),
            dims_text(dims, t->shape, t->rank));
}

static void tell_tensors(const Args *a, Json *o, const Safetensors *st)
{
    Json *list = json_make_array();
    for (int i = 0; i < st->n; i++) tell_tensor(a, list, &st->tensor[i]);
    json_put(o, "tensors", list);
}

static void tell_file_tensors(const Args *a, Json *o, const char *path)
{
    Safetensors st;
    if (!args_flag(a, "tensors") || !safetensors_open(&st, path, NULL)) return;
    tell_tensors(a, o, &st);
    safetensors_close(&st);
}

static void tell_meta(const Args *a, Json *o, const Safetensors *st)
{
    Json *meta = json_make();
    for (int i = 0; i < st->metas; i++) {
        json_put_str(meta, st->meta[i].key, st->meta[i].value);
        cli_say(a, "meta %-22s %s", st->meta[i].key, st->meta[i].value);
    }
    json_put(o, "meta", meta);
}

/* A checkpoint of ours. */
static void tell_safetensors(const Args *a, Json *o, const Safetensors *st)
{
    tell_text(a, o, "kind", "safetensors");
    tell_meta(a, o, st);
    tell_tensors(a, o, st);
}

/* --- generators and encoders
 * -------------------------------------------------------------------------------------- */

/* What a walk reaches, and between which amounts. */
static void tell_reach(Json *row, const Direction *d)
{
    json_put_str(row, "unit", d->unit);
    json_put_num(row, "low", (double)d->low);
    json_put_num(row, "high", (double)d->high);
    json_put_num(row, "reach_low", (double)direction_reach(d, d->low));
    json_put_num(row, "reach_high", (double)direction_reach(d, d->high));
}

static void tell_directions(const Args *a, Json *o, const Generator *g)
{
    Json *list = json_make_array();
    for (int i = 0; i < g->directions; i++) {
        const Direction *d = &g->direction[i];
        Json *row = json_make();
        json_put_str(row, "name", d->name);
        json_put_num(row, "share", (double)d->share);
        json_put_str(row, "caption", d->caption);
        if (d->marks) tell_reach(row, d);
        json_add(list, row);
        char share[24] = "", reach[80] = "";
        if (d->share > 0) snprintf(share, sizeof share, "%.1f %%", 100 * (double)d->share);
        if (d->marks)
            snprintf(reach, sizeof reach, "%.2f to %.2f %s at %.1f to %.1f",
                     (double)direction_reach(d, d->low), (double)direction_reach(d, d->high), d->unit,
                     (double)d->low, (double)d->high);
        cli_say(a, "direction %-12s %7s %-30s %s", d->name, share, d->caption, reach);
    }
    json_put(o, "directions", list);
}

static void tell_generator(const Args *a, Json *o, const Generator *g)
{
    const GeneratorConfig *c = &g->config;
    Json *classes = json_make_array();
    tell_text(a, o, "slug", g->slug);
    tell_text(a, o, "digest", g->digest);
    tell_int(a, o, "size", c->size);
    tell_int(a, o, "channels", c->channels);
    tell_int(a, o, "z", c->z_dim);
    tell_int(a, o, "w", c->w_dim);
    tell_int(a, o, "layers", g->layers);
    tell_int(a, o, "parameters", (long long)(g->mapping_weights->params + g->synthesis_weights->params));
    for (int i = 0; i < c->classes; i++) {
        json_add_str(classes, g->class_name[i]);
        cli_say(a, "class %-9d %s", i, g->class_name[i]);
    }
    json_put(o, "classes", classes);
    tell_directions(a, o, g);
    tell_card(a, o, g->card);
}

static void tell_encoder(const Args *a, Json *o, const Encoder *e)
{
    const EncoderConfig *c = &e->config;
    tell_text(a, o, "name", e->name);
    tell_text(a, o, "digest", e->digest);
    tell_text(a, o, "encoder", c->size);
    tell_int(a, o, "size", c->side);
    tell_int(a, o, "channels", c->channels);
    tell_int(a, o, "features", encoder_features(c));
    tell_int(a, o, "classes", c->classes);
    tell_int(a, o, "parameters", (long long)e->weights->params);
    tell_card(a, o, e->card);
}

/* --- pictures, runs, addresses
 * --------------------------------------------------------------------------------------- */

static void tell_address(const Args *a, Json *o, const Address *address)
{
    char text[ADDRESS_BYTES_MAX + 1];
    if (address_print(text, address, NULL)) tell_text(a, o, "address", text);
}

static void tell_picture(const Args *a, Json *o, const Thing *t)
{
    PngText text = {0};
    Image im = {0};
    Json *chunks = json_make();
    tell_int(a, o, "width", t->picture.w);
    tell_int(a, o, "height", t->picture.h);
    tell_int(a, o, "channels", t->picture.c);
    if (t->has_address) tell_address(a, o, &t->address);
    if (png_load(t->path, &im, &text, NULL)) /* a JPEG has no chunks */
        for (int i = 0; i < text.n; i++) {
            json_put_str(chunks, text.key[i], text.value[i]);
            cli_say(a, "text %-10s %s", text.key[i], text.value[i]);
        }
    json_put(o, "text", chunks);
    png_text_free(&text);
    image_free(&im);
}

static void tell_run(const Args *a, Json *o, const Thing *t)
{
    const RunInfo *r = &t->run;
    tell_text(a, o, "id", r->id);
    if (r->name[0]) tell_text(a, o, "name", r->name);
    tell_text(a, o, "state", r->state);
    tell_text(a, o, "source", r->maker);
    tell_int(a, o, "step", (long long)r->step);
    tell_int(a, o, "views", (long long)r->views);
    json_put_num(o, "seconds", r->seconds);
    json_put_num(o, "linear", r->linear);
    json_put_num(o, "knn", r->knn);
    if (isfinite(r->linear))
        cli_say(a, "%-15s linear %.1f %%, kNN %.1f %%", "last probe", 100 * r->linear, 100 * r->knn);
    if (!t->encoder) return;
    Json *encoder = json_make();
    tell_encoder(a, encoder, t->encoder);
    json_put(o, "encoder", encoder);
}

static void tell(const Args *a, Json *o, const Thing *t)
{
    tell_text(a, o, "kind", thing_kind_name(t->kind));
    if (t->path[0]) tell_text(a, o, "path", t->path);
    switch (t->kind) {
    case THING_ADDRESS:
        tell_address(a, o, &t->address);
        break;
    case THING_PICTURE:
        tell_picture(a, o, t);
        break;
    case THING_RUN:
        tell_run(a, o, t);
        break;
    case THING_GENERATOR:
        tell_generator(a, o, t->generator);
        break;
    case THING_ENCODER:
        tell_encoder(a, o, t->encoder);
        break;
    }
    if (t->kind == THING_GENERATOR || t->kind == THING_ENCODER) tell_file_tensors(a, o, t->path);
}

/* Line by line. */
static void tell_draft(const Args *a, const char *draft)
{
    cli_say(a, "No spec fits. A draft, to be finished and given with import --spec:");
    for (size_t n; *draft; draft += n + (draft[n] == '\n')) {
        n = strcspn(draft, "\n");
        cli_say(a, "    %.*s", (int)n, draft);
    }
}

/* A state dict whose architecture nobody knows: its tensors, and a spec to begin with. */
static bool tell_state(const Args *a, Json *o, const char *path)
{
    uint8_t *bytes;
    size_t size;
    State s;
    if (file_is_folder(path) || !file_read(path, SAFETENSORS_FILE_MAX, &bytes, &size, NULL)) return false;
    bool ok = state_decode(&s, bytes, size, path, NULL, NULL);
    const char *format = ok && !s.torch.n ? safetensors_meta(&s.st, "format") : NULL;
    if (format && !strncmp(format, "viewsmith-", 10)) { /* claims to be ours: judged where ours are opened */
        state_close(&s);
        ok = false;
    }
    char *draft = ok ? spec_draft(&s) : NULL;
    if (ok) {
        Json *list = json_make_array();
        bool torch = s.torch.n > 0;
        tell_text(a, o, "kind", torch ? "PyTorch state dict" : "safetensors");
        if (!torch) tell_meta(a, o, &s.st);
        if (*s.dictionary) tell_text(a, o, "dictionary", s.dictionary);
        for (int i = 0; i < s.n; i++) tell_tensor(a, list, &s.tensor[i]);
        json_put(o, "tensors", list);
        if (draft) json_put_str(o, "draft", draft);
        if (draft) tell_draft(a, draft);
        state_close(&s);
    }
    free(draft);
    free(bytes);
    return ok;
}

/* True when path is a safetensors file of ours that thing_open has no name for; what claims to be a model is
 * judged there. */
static bool other_safetensors(Safetensors *st, const char *path)
{
    if (file_is_folder(path) || !file_exists(path) || !safetensors_open(st, path, NULL)) return false;
    const char *format = safetensors_meta(st, "format");
    if (format && !strncmp(format, "viewsmith-", 10) && strncmp(format, "viewsmith-generator", 19) &&
        strncmp(format, "viewsmith-encoder", 17))
        return true;
    safetensors_close(st);
    return false;
}

static int info_command(const Args *a)
{
    Err err = {0};
    Workspace *w = NULL;
    Thing t;
    Safetensors st;
    Json *o = json_make();
    bool other = other_safetensors(&st, a->word[0]);
    bool ok = other || (share_open(&w, a, true, &err) && thing_open(&t, w, a->word[0], &err));
    if (other) {
        tell_safetensors(a, o, &st);
        safetensors_close(&st);
    } else if (ok) {
        tell(a, o, &t);
        thing_close(&t);
    }
    workspace_close(w);
    ok = ok || tell_state(a, o, a->word[0]);
    if (ok) return cli_result(a, o);
    json_drop(o);
    return cli_fail(&err);
}

const Command command_info = {
    "FILE|RUN|ADDRESS",
    "Says what something is: of a generator its digest, shapes, classes, directions and card; of an\n"
    "encoder or run its size, card and last probe; of a picture its address and text; of a state dict\n"
    "that no spec fits its tensors, and a draft of one; of a checkpoint its metadata and tensors.",
    "  viewsmith info models/fashion.safetensors\n  viewsmith info 0007 --json\n  viewsmith info view.png",
    options,
    1,
    1,
    info_command};
