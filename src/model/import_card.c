/* Writes cards. */
#include "model/import_card.h"
#include "base/digest.h"
#include "base/text.h"
#include "model/import_model.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The card with `set` members put in place of those it has. */
static bool rewrite(Imported *m, Json *set, Err *err)
{
    const char *old = m->card ? m->card : "{}";
    Json *was = json_parse(old, strlen(old), "the card", NULL), *now = json_make();
    for (JsonIter it = json_first(was); was && it.key; it = json_next(was, it))
        if (!json_get(set, it.key)) json_put(now, it.key, json_keep(it.value));
    for (JsonIter it = json_first(set); it.key; it = json_next(set, it))
        json_put(now, it.key, json_keep(it.value));
    char *text = json_text(now);
    json_drop(was);
    json_drop(now);
    json_drop(set);
    if (!text) return err_nomem(err, "a model's card");
    free(m->card);
    m->card = text;
    return true;
}

static void put_safe(Json *o, const char *key, const char *text)
{
    char safe[400];
    text_safe(safe, sizeof safe, text);
    json_put_str(o, key, safe);
}

static void put_known(Json *o, const Imported *m)
{
    if (m->kind != IMPORT_GENERATOR) return;
    json_put_str(o, "latent", *m->latent ? m->latent : "unknown, taken for normal");
    if (isnan(m->low))
        json_put_str(o, "range", "unknown, taken for -1 to 1");
    else
        json_put_interval(o, "range", (double)m->low, (double)m->high);
}

bool import_describe(Imported *m, const char *path, const uint8_t *bytes, size_t size, const char *kind,
                     Err *err)
{
    Json *o = json_make();
    char hex[65];
    const char *name = strrchr(path, '/');
    Digest d = digest_of(bytes, size);
    digest_hex(hex, &d, 64);
    put_safe(o, "file", name ? name + 1 : path);
    json_put_str(o, "file_sha256", hex);
    put_safe(o, "read_as", kind);
    put_known(o, m);
    return rewrite(m, o, err);
}

static bool say_classes(Imported *m, const ImportFacts *f, Err *err)
{
    if (!f->class_name) return true;
    if (f->class_names != m->classes)
        return err_set(err, ERR_USAGE, "the model has %d classes, and %d names are given", m->classes,
                       f->class_names);
    char **names = calloc((size_t)m->classes + 1, sizeof *names);
    bool ok = names || err_nomem(err, "class names");
    for (int i = 0; ok && i < m->classes; i++)
        ok = (names[i] = strdup(f->class_name[i])) || err_nomem(err, "class names");
    for (int i = 0; m->class_name && i < m->classes; i++) free(m->class_name[i]);
    free(m->class_name);
    m->class_name = names;
    return ok;
}

bool import_say(Imported *m, const ImportFacts *f, Err *err)
{
    LatentKind kind;
    if ((f->latent || isfinite(f->low)) && m->kind != IMPORT_GENERATOR)
        return err_set(err, ERR_USAGE, "an encoder has neither latents nor a range");
    if (f->latent && !generator_latent(&kind, f->latent))
        return err_set(err, ERR_USAGE, "latents are normal, uniform or truncated, not \"%s\"", f->latent);
    if (isfinite(f->low) && !(f->low < f->high))
        return err_set(err, ERR_USAGE, "a range is two numbers, the lower one first");
    if (!say_classes(m, f, err)) return false;
    if (f->latent) snprintf(m->latent, sizeof m->latent, "%s", f->latent);
    if (isfinite(f->low)) m->low = f->low, m->high = f->high;
    Json *o = json_make();
    put_known(o, m);
    if (f->licence) put_safe(o, "licence", f->licence);
    if (f->source) put_safe(o, "source", f->source);
    return rewrite(m, o, err);
}
