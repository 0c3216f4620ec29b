/* One's own directions in the store: one strict safetensors file each. */
#include "latent/direction.h"
#include "base/digest.h"
#include "base/file.h"
#include "model/generator_new.h"
#include "model/model_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "viewsmith-direction 1"
#define FOLDER "directions"
#define SUFFIX ".safetensors"

#define FILE_BYTES ((size_t)16 << 20)

enum { NAME_MAX_BYTES = ADDRESS_DIR_MAX - 9, HASH_HEX = 8 };

static uint32_t hash_of(const float *vector, size_t n)
{
    Digest d = digest_of(vector, n * sizeof *vector);
    return (uint32_t)d.byte[0] << 24 | (uint32_t)d.byte[1] << 16 | (uint32_t)d.byte[2] << 8 | d.byte[3];
}

/* NAME and hash of NAME.8hex. */
static bool split_dir(char name[ADDRESS_DIR_MAX + 1], uint32_t *hash, const char *dir, Err *err)
{
    const char *dot = strchr(dir, '.');
    size_t n = dot ? (size_t)(dot - dir) : 0;
    if (dot && strlen(dir) <= ADDRESS_DIR_MAX && strlen(dot + 1) == HASH_HEX &&
        strspn(dot + 1, "0123456789abcdef") == HASH_HEX) {
        snprintf(name, ADDRESS_DIR_MAX + 1, "%.*s", (int)n, dir);
        *hash = (uint32_t)strtoul(dot + 1, NULL, 16);
        if (model_is_slug(name, NAME_MAX_BYTES)) return true;
    }
    return err_set(err, ERR_USAGE,
                   "\"%.60s\" is no direction of your own: those are NAME.8hex, as in heel.1a2b3c4d", dir);
}

static bool path_of(char *out, size_t cap, const LatentStore *s, const char *file, Err *err)
{
    char folder[3200];
    return file_join(folder, sizeof folder, s->folder, FOLDER, err) && file_join(out, cap, folder, file, err);
}

static bool path_of_dir(char *out, size_t cap, const LatentStore *s, const char *dir, Err *err)
{
    char file[96], name[ADDRESS_DIR_MAX + 1];
    uint32_t hash;
    if (!split_dir(name, &hash, dir, err)) return false;
    snprintf(file, sizeof file, "%s" SUFFIX, dir);
    return path_of(out, cap, s, file, err);
}

/* --- writing ---------------------------------------------------------------------------------------------
 */

static bool write_file(const char *path, const Generator *g, const Direction *d, const char *card, Err *err)
{
    char weights[17];
    Json *o = json_make();
    generator_weights_digest(weights, g);
    direction_put_json(o, d);
    char *text = json_text(o);
    json_drop(o);
    if (!text) return err_nomem(err, "a direction");
    const Tensor vector = {
        .name = "vector", .dtype = DTYPE_F32, .rank = 1, .shape = {g->config.w_dim}, .data = d->vector};
    const TensorMeta meta[] = {{"format", FORMAT},
                               {"weights", weights},
                               {"model", g->slug},
                               {"direction", text},
                               {"card", card ? card : "{}"}};
    bool ok = safetensors_save(path, &vector, 1, meta, sizeof meta / sizeof *meta, err);
    free(text);
    return ok;
}

static bool check_name(const Generator *g, const char *name, Err *err)
{
    if (!model_is_slug(name, NAME_MAX_BYTES))
        return err_set(err, ERR_USAGE,
                       "\"%.60s\" cannot name a direction: a to z first, then also digits and -, at most %d",
                       name, NAME_MAX_BYTES);
    return !generator_direction(g, name) ||
           err_set(err, ERR_USAGE, "%s has a direction %s already: choose another name", g->slug, name);
}

static bool check_vector(const float *vector, size_t n, Err *err)
{
    double square = 0;
    for (size_t i = 0; i < n; i++) square += (double)vector[i] * (double)vector[i];
    return (square > 0 && __builtin_isfinite(square)) ||
           err_set(err, ERR_NUMERIC, "the direction is zero, or holds NaN or infinity");
}

static void take_caption(Direction *d, const char *card)
{
    Json *o = card ? json_parse(card, strlen(card), "the card", NULL) : NULL;
    if (o) snprintf(d->caption, sizeof d->caption, "%s", json_str(o, "caption", ""));
    json_drop(o);
}

bool direction_put(char out[ADDRESS_DIR_MAX + 1], const LatentStore *s, const Generator *g, const char *name,
                   const float *vector, const char *card, Err *err)
{
    char path[4096], folder[3200], dir[ADDRESS_DIR_MAX + 1];
    size_t n = (size_t)g->config.w_dim;
    Direction d = {.vector = vector};
    if (!check_name(g, name, err) || !check_vector(vector, n, err) || !model_check_card(card, err))
        return false;
    snprintf(d.name, sizeof d.name, "%s", name);
    take_caption(&d, card);
    snprintf(dir, sizeof dir, "%.*s.%08x", NAME_MAX_BYTES, name, hash_of(vector, n));
    if (!file_join(folder, sizeof folder, s->folder, FOLDER, err) || !file_make_folder(folder, err) ||
        !path_of_dir(path, sizeof path, s, dir, err) || !write_file(path, g, &d, card, err))
        return false;
    strcpy(out, dir);
    return true;
}

/* --- reading ---------------------------------------------------------------------------------------------
 */

static bool read_known(Direction *is, char **card, const ModelFile *f, Err *err)
{
    const char *text = model_file_meta(f, "card", err);
    Json *known = text ? model_file_json(f, "direction", err) : NULL;
    bool ok = known && direction_read_json(is, known, f->path, err);
    json_drop(known);
    if (!ok || !card) return ok;
    *card = strdup(text);
    return *card || err_nomem(err, "a direction's card");
}

static bool check_belongs(const ModelFile *f, const Generator *g, Err *err)
{
    char weights[17];
    const char *made = model_file_meta(f, "weights", err);
    generator_weights_digest(weights, g);
    if (!made) return false;
    return !strcmp(made, weights) ||
           err_set(err, ERR_USAGE, "%s: learnt on another generator than %s, whose styles mean other things",
                   f->path, g->slug);
}

static bool read_file(float *vector, Direction *is, char **card, ModelFile *f, const Generator *g, Err *err)
{
    int64_t n = g->config.w_dim;
    if (!check_belongs(f, g, err) || !model_file_tensor(vector, f, "vector", 1, &n, err) ||
        !read_known(is, card, f, err))
        return false;
    is->vector = vector;
    return true;
}

bool direction_get(float *vector, Direction *is, char **card, const LatentStore *s, const Generator *g,
                   const char *dir, Err *err)
{
    char path[4096], name[ADDRESS_DIR_MAX + 1];
    uint32_t hash;
    Direction known;
    ModelFile f;
    if (card) *card = NULL;
    if (!split_dir(name, &hash, dir, err) || !path_of_dir(path, sizeof path, s, dir, err)) return false;
    if (!file_exists(path))
        return err_set(err, ERR_IO, "there is no direction %s in %s: viewsmith direction list", dir,
                       s->folder);
    if (!model_file_open(&f, path, FORMAT, err)) return false;
    bool ok = read_file(vector, &known, card, &f, g, err);
    model_file_close(&f);
    if (ok && (strcmp(known.name, name) || hash_of(vector, (size_t)g->config.w_dim) != hash))
        ok = err_set(err, ERR_FORMAT, "%s: its content does not match its name; the file is damaged", path);
    if (ok && is) *is = known;
    if (ok || !card) return ok;
    free(*card);
    *card = NULL;
    return false;
}

/* --- carrying --------------------------------------------------------------------------------------------
 */

bool direction_export(const LatentStore *s, const char *dir, const char *path, Err *err)
{
    char from[4096];
    uint8_t *bytes;
    size_t size;
    if (!path_of_dir(from, sizeof from, s, dir, err) || !file_read(from, FILE_BYTES, &bytes, &size, err))
        return false;
    bool ok = file_replace(path, bytes, size, err);
    free(bytes);
    return ok;
}

bool direction_import(char out[ADDRESS_DIR_MAX + 1], const LatentStore *s, const Generator *g,
                      const char *path, Err *err)
{
    Direction is;
    ModelFile f;
    char *card = NULL;
    float *vector = malloc((size_t)g->config.w_dim * sizeof *vector);
    if (!vector) return err_nomem(err, "a direction");
    bool ok = model_file_open(&f, path, FORMAT, err);
    if (ok) {
        ok =
            read_file(vector, &is, &card, &f, g, err) && direction_put(out, s, g, is.name, vector, card, err);
        model_file_close(&f);
    }
    free(card);
    free(vector);
    return ok;
}

/* --- listing ---------------------------------------------------------------------------------------------
 */

static bool add_own(OwnDirections *out, const LatentStore *s, const Generator *g, const char *dir, Err *err)
{
    OwnDirection *o = &out->own[out->n];
    float *vector = malloc((size_t)g->config.w_dim * sizeof *vector);
    if (!vector) return err_nomem(err, "directions");
    if (!direction_get(vector, &o->is, &o->card, s, g, dir, NULL)) {
        free(vector);
        return true; /* damaged, or another generator's */
    }
    snprintf(o->dir, sizeof o->dir, "%s", dir);
    out->n++;
    return true;
}

static bool add_all(OwnDirections *out, char **name, long n, const LatentStore *s, const Generator *g,
                    Err *err)
{
    for (long i = 0; i < n && out->n < OWN_DIRECTIONS_MAX; i++) {
        size_t length = strlen(name[i]), suffix = sizeof SUFFIX - 1;
        char dir[ADDRESS_DIR_MAX + 1];
        if (length <= suffix || length - suffix > ADDRESS_DIR_MAX ||
            strcmp(name[i] + length - suffix, SUFFIX))
            continue;
        snprintf(dir, sizeof dir, "%.*s", (int)(length - suffix), name[i]);
        if (!add_own(out, s, g, dir, err)) return false;
    }
    return true;
}

bool direction_list(OwnDirections *out, const LatentStore *s, const Generator *g, Err *err)
{
    char folder[3200], **name = NULL;
    *out = (OwnDirections){0};
    if (!file_join(folder, sizeof folder, s->folder, FOLDER, err)) return false;
    if (!file_is_folder(folder)) return true;
    long n = file_list(folder, &name, err);
    if (n < 0) return false;
    out->own = calloc(OWN_DIRECTIONS_MAX, sizeof *out->own);
    bool ok = out->own ? add_all(out, name, n, s, g, err) : err_nomem(err, "directions");
    free(name);
    if (!ok) directions_free(out);
    return ok;
}

void directions_free(OwnDirections *d)
{
    for (int i = 0; i < d->n; i++) {
        free((float *)d->own[i].is.vector);
        free(d->own[i].card);
    }
    free(d->own);
    *d = (OwnDirections){0};
}

bool direction_drop(const LatentStore *s, const char *dir, Err *err)
{
    char path[4096];
    if (!path_of_dir(path, sizeof path, s, dir, err)) return false;
    if (!file_exists(path)) return err_set(err, ERR_IO, "there is no direction %s in %s", dir, s->folder);
    return file_remove_tree(path, err);
}

/* --- words -----------------------------------------------------------------------------------------------
 */

bool direction_word(char out[ADDRESS_DIR_MAX + 1], const LatentStore *s, const Generator *g, const char *word,
                    Err *err)
{
    OwnDirections all;
    int found = 0;
    if (generator_direction(g, word)) {
        snprintf(out, ADDRESS_DIR_MAX + 1, "%s", word);
        return true;
    }
    if (!direction_list(&all, s, g, err)) return false;
    for (int i = 0; i < all.n; i++)
        if (!strcmp(all.own[i].dir, word) || !strcmp(all.own[i].is.name, word)) {
            snprintf(out, ADDRESS_DIR_MAX + 1, "%s", all.own[i].dir);
            found++;
        }
    directions_free(&all);
    if (found == 1) return true;
    if (found)
        return err_set(
            err, ERR_USAGE,
            "there are %d directions \"%s\": name one with its hash, as viewsmith direction list does", found,
            word);
    return err_set(err, ERR_USAGE, "%s has no direction \"%.60s\", and there is none of your own", g->slug,
                   word);
}
