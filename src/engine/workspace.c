/* Opening a workspace, its data and encoders, and reading addresses and classes against its generator. */
#include "engine/workspace.h"
#include "engine/tray.h"
#include "base/file.h"
#include "base/json.h"
#include "latent/latent.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHIPPED_MODEL "models/fashion.safetensors"
#define DATA          "fashion"

/* The file given, or shipped under that name, else that of an environment variable, else the shipped one. */
static bool model_path(char *out, size_t cap, const char *given, const char *variable, const char *shipped,
                       Err *err)
{
    char name[80];
    if (!given) given = getenv(variable);
    if (!given || !*given) return file_shipped(out, cap, shipped, err);
    if (!strchr(given, '/') && !file_exists(given) &&
        snprintf(name, sizeof name, "models/%s.safetensors", given) < (int)sizeof name &&
        file_shipped(out, cap, name, NULL))
        return true;
    return snprintf(out, cap, "%s", given) < (int)cap ||
           err_set(err, ERR_LIMIT, "the model's path is too long");
}

bool workspace_open_bare(Workspace **out, const WorkspaceOptions *o, Err *err)
{
    Workspace *w = calloc(1, sizeof *w);
    *out = NULL;
    if (!w) return err_nomem(err, "the workspace");
    int n = snprintf(w->data, sizeof w->data, "%s", o->data && *o->data ? o->data : DATA);
    bool ok = n < (int)sizeof w->data || err_set(err, ERR_LIMIT, "the path of the data is too long");
    if (!ok || !runs_folder(w->runs, sizeof w->runs, o->runs, err)) {
        free(w);
        return false;
    }
    *out = w;
    return true;
}

/* The data set, known by name, that the generator's card says it saw: then that is what it is compared with.
 */
static void use_card(Workspace *w)
{
    const char *card = w->generator->card;
    Json *o = json_parse(card, strlen(card), "the card", NULL);
    const char *data = o ? json_str(json_get(o, "settings"), "data", "") : "";
    if (dataset_is_named(data)) snprintf(w->data, sizeof w->data, "%s", data);
    json_drop(o);
}

bool workspace_open(Workspace **out, const WorkspaceOptions *o, Err *err)
{
    Workspace *w;
    if (!workspace_open_bare(&w, o, err)) return false;
    if (model_path(w->model, sizeof w->model, o->model, "VIEWSMITH_MODEL", SHIPPED_MODEL, err) &&
        generator_open(&w->generator, w->model, err)) {
        if (!o->data || !*o->data) use_card(w);
        *out = w;
        return true;
    }
    workspace_close(w);
    *out = NULL;
    return false;
}

void workspace_close(Workspace *w)
{
    if (!w) return;
    generator_drop(w->generator);
    free(w);
}

bool workspace_dataset(Dataset *out, const Workspace *w, Split split, Err *err)
{
    int size = w->generator ? w->generator->config.size : 0;
    int channels = w->generator ? w->generator->config.channels : 0;
    return dataset_open(out, w->data, split, size, channels, err);
}

/* --- encoders
 * ---------------------------------------------------------------------------------------------------- */

static bool run_encoder(Encoder **out, Encoder **untrained, const RunInfo *run, Err *err)
{
    char path[4096];
    if (!file_join(path, sizeof path, run->folder, "encoder.safetensors", err)) return false;
    if (!file_exists(path))
        return err_set(err, ERR_IO, "run %s has no encoder yet: it is written with the first checkpoint",
                       run->id);
    if (!encoder_open(out, path, err)) return false;
    if (!untrained) return true;
    bool ok = file_join(path, sizeof path, run->folder, "untrained.safetensors", err);
    if (ok && (!file_exists(path) || encoder_open(untrained, path, err))) return true;
    encoder_drop(*out);
    *out = NULL;
    return false;
}

bool workspace_judge(Encoder **out, const Workspace *w, const char *path, Err *err)
{
    char found[3072], shipped[80];
    bool named = w && dataset_is_named(w->data) && strcmp(w->data, "fashion-small");
    snprintf(shipped, sizeof shipped, "models/judge-%.40s.safetensors", named ? w->data : DATA);
    return model_path(found, sizeof found, path, "VIEWSMITH_JUDGE", shipped, err) &&
           encoder_open(out, found, err);
}

bool workspace_newest_run(RunInfo *out, const Workspace *w, Err *err)
{
    RunInfo *run;
    char path[4096];
    long n = runs_list(&run, w->runs, err);
    if (n < 0) return false;
    while (n > 0 && !(file_join(path, sizeof path, run[n - 1].folder, "encoder.safetensors", NULL) &&
                      file_exists(path)))
        n--;
    if (n > 0) *out = run[n - 1];
    free(run);
    return n > 0 ||
           err_set(err, ERR_IO, "there is no trained encoder in %s yet: start with viewsmith train", w->runs);
}

bool workspace_encoder(Encoder **out, Encoder **untrained, const Workspace *w, const char *what, Err *err)
{
    RunInfo run;
    *out = NULL;
    if (untrained) *untrained = NULL;
    if (!what || !*what) return workspace_newest_run(&run, w, err) && run_encoder(out, untrained, &run, err);
    if (file_exists(what) && !file_is_folder(what)) return encoder_open(out, what, err);
    if (!strcmp(what, "judge")) return workspace_judge(out, w, NULL, err);
    return runs_find(&run, w->runs, what, err) && run_encoder(out, untrained, &run, err);
}

/* --- words
 * ------------------------------------------------------------------------------------------------------- */

/* A field of an address, where a class may also be named. */
static bool set_field(Address *a, const Generator *g, const char *field, Err *err)
{
    if (strncmp(field, "class=", 6) || !g->config.classes) return address_set(a, field, err);
    return dataset_class_among(g->class_name, g->config.classes, field + 6, &a->class, err);
}

/* "seed=4711/class=bag": fields over the plain view of seed 0. */
static bool short_address(Address *out, const Generator *g, const char *text, Err *err)
{
    char field[ADDRESS_BYTES_MAX + 1];
    Address a = address_of_seed(g->slug, g->digest, 0, g->config.classes ? 0 : -1, 1);
    while (*text) {
        size_t n = strcspn(text, "/");
        if (n > ADDRESS_BYTES_MAX)
            return err_set(err, ERR_USAGE, "the address is longer than %d bytes", ADDRESS_BYTES_MAX);
        snprintf(field, sizeof field, "%.*s", (int)n, text);
        if (n && !set_field(&a, g, field, err)) return false;
        text += n + (text[n] == '/');
    }
    *out = a;
    return true;
}

bool workspace_address(Address *out, const Workspace *w, const char *text, Err *err)
{
    bool ok = *text == '#'               ? tray_address(out, text, err)
              : strncmp(text, "vs1:", 4) ? short_address(out, w->generator, text, err)
                                         : address_parse(out, text, err);
    return ok && latent_check(w->generator, out, err);
}

bool workspace_is_address(const char *word)
{
    return !file_exists(word) && (!strncmp(word, "vs1:", 4) || strchr(word, '='));
}

bool workspace_class(int *class, const Workspace *w, const char *text, Err *err)
{
    *class = -1;
    if (!text || !strcmp(text, "all")) return true;
    if (!w->generator->config.classes)
        return err_set(err, ERR_USAGE, "%s has no classes", w->generator->slug);
    return dataset_class_among(w->generator->class_name, w->generator->config.classes, text, class, err);
}
