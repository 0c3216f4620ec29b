/* Generators in files: strict safetensors "viewsmith-generator 1".
 *
 * Tensors mapping.*, synthesis.*, w_mean (classes or 1, w_dim), noise (floats of all maps), direction.NAME
 * (w_dim); metadata format, name, digest, config, classes (JSON list of names), directions (JSON list, see
 * direction_put_json), card; direction.NAME is (layers, w_dim) where "layered". */
#include "base/json.h"
#include "base/text.h"
#include "model/generator_new.h"
#include "model/model_file.h"
#include <stdlib.h>
#include <string.h>

#define FORMAT "viewsmith-generator 1"

enum { DIRECTIONS_MAX = 1000 };

/* ---- Writing ---- */

static Json *config_json(const GeneratorConfig *c)
{
    Json *o = json_make();
    json_put_int(o, "z_dim", c->z_dim);
    json_put_int(o, "w_dim", c->w_dim);
    json_put_int(o, "classes", c->classes);
    json_put_int(o, "size", c->size);
    json_put_int(o, "channels", c->channels);
    json_put_int(o, "mapping_layers", c->mapping_layers);
    json_put_int(o, "stages", c->stages);
    json_put(o, "width", model_ints_json(c->width, c->stages));
    return o;
}

static Json *names_json(const Generator *g)
{
    Json *list = json_make_array();
    for (int i = 0; i < g->config.classes; i++) json_add_str(list, g->class_name[i]);
    return list;
}

static Json *directions_json(const Generator *g)
{
    Json *list = json_make_array();
    for (int i = 0; i < g->directions; i++) {
        Json *o = json_make();
        direction_put_json(o, &g->direction[i]);
        json_add(list, o);
    }
    return list;
}

static char *text_of(Json *j)
{
    char *text = json_text(j);
    json_drop(j);
    return text;
}

static void add_tensors(ModelTensors *t, const Generator *g)
{
    int64_t w_dim = g->config.w_dim, classes = g->config.classes ? g->config.classes : 1;
    int64_t noise = (int64_t)generator_noise_floats(g);
    model_tensors_weights(t, g->mapping_weights, "mapping.");
    model_tensors_weights(t, g->synthesis_weights, "synthesis.");
    model_tensors_add(t, "", "w_mean", g->w_mean, 2, (int64_t[]){classes, w_dim});
    model_tensors_add(t, "", "noise", g->noise, 1, &noise);
    for (int i = 0; i < g->directions; i++) {
        const Direction *d = &g->direction[i];
        model_tensors_add(t, "direction.", d->name, d->vector, d->layered ? 2 : 1,
                          (int64_t[]){d->layered ? g->layers : w_dim, w_dim});
    }
}

bool generator_save(const Generator *g, const char *path, Err *err)
{
    ModelTensors t;
    int tensors = model_weights_count(g->mapping) + model_weights_count(g->synthesis) + g->directions + 2;
    if (!model_tensors_open(&t, tensors, err)) return false;
    char *config = text_of(config_json(&g->config)), *names = text_of(names_json(g));
    char *directions = text_of(directions_json(g));
    bool ok = (config && names && directions) || err_nomem(err, "a generator's metadata");
    if (ok) {
        const TensorMeta meta[] = {{"format", FORMAT}, {"name", g->slug},  {"digest", g->digest},
                                   {"config", config}, {"classes", names}, {"directions", directions},
                                   {"card", g->card}};
        add_tensors(&t, g);
        ok = safetensors_save(path, t.tensor, t.n, meta, sizeof meta / sizeof *meta, err);
    }
    free(config);
    free(names);
    free(directions);
    model_tensors_close(&t);
    return ok;
}

/* ---- Reading ---- */

static bool read_config(GeneratorConfig *c, const ModelFile *f, Err *err)
{
    const struct {
        const char *field;
        int *to, low, high;
    } number[] = {{"z_dim", &c->z_dim, 1, 4096},     {"w_dim", &c->w_dim, 1, 4096},
                  {"classes", &c->classes, 0, 1000}, {"size", &c->size, 4, 1024},
                  {"channels", &c->channels, 1, 3},  {"mapping_layers", &c->mapping_layers, 1, 16},
                  {"stages", &c->stages, 1, 8}};
    *c = (GeneratorConfig){0};
    Json *o = model_file_json(f, "config", err);
    bool ok = o != NULL;
    for (size_t i = 0; ok && i < sizeof number / sizeof *number; i++)
        ok =
            model_file_int(number[i].to, f, o, "config", number[i].field, number[i].low, number[i].high, err);
    ok = ok && model_file_ints(c->width, c->stages, f, o, "config", "width", 1, 2048, err);
    json_drop(o);
    return ok;
}

static bool read_names(Generator *g, const ModelFile *f, Err *err)
{
    Json *list = model_file_json(f, "classes", err);
    bool ok = list != NULL;
    if (ok && (!json_is_array(list) || json_count(list) != (size_t)g->config.classes))
        ok = err_set(err, ERR_FORMAT, "%s: metadata \"classes\" is not a list of %d names", f->path,
                     g->config.classes);
    for (int i = 0; ok && i < g->config.classes; i++) {
        const char *name;
        char safe[80];
        if (!json_value_str(json_at(list, (size_t)i), &name) || !*name || strlen(name) >= sizeof safe) {
            ok =
                err_set(err, ERR_FORMAT, "%s: metadata \"classes\": entry %d is not a name of 1 to %zu bytes",
                        f->path, i, sizeof safe - 1);
            break;
        }
        text_safe(safe, sizeof safe, name);
        g->class_name[i] = strdup(safe);
        ok = g->class_name[i] || err_nomem(err, "class names");
    }
    json_drop(list);
    return ok;
}

static bool read_direction(Generator *g, int i, ModelFile *f, const Json *entry, Err *err)
{
    Direction d;
    char tensor[64] = "direction.";
    const char *name = json_is_object(entry) ? json_str(entry, "name", "") : "";
    if (!model_is_slug(name, sizeof d.name - 1) || generator_direction(g, name))
        return err_set(err, ERR_FORMAT, "%s: metadata \"directions\": entry %d has no name of its own",
                       f->path, i);
    if (!direction_read_json(&d, entry, f->path, err)) return false;
    d.vector = generator_vector(g, i);
    g->direction[i] = d;
    int64_t shape[] = {d.layered ? g->layers : g->config.w_dim, g->config.w_dim};
    return model_file_tensor(generator_vector(g, i), f, strcat(tensor, name), d.layered ? 2 : 1, shape, err);
}

static bool read_tensors(Generator *g, ModelFile *f, const Json *directions, Err *err)
{
    int64_t mean[] = {g->config.classes ? g->config.classes : 1, g->config.w_dim};
    int64_t noise = (int64_t)generator_noise_floats(g);
    g->mapping_weights = model_file_weights(f, g->mapping, "mapping.", err);
    g->synthesis_weights = g->mapping_weights ? model_file_weights(f, g->synthesis, "synthesis.", err) : NULL;
    bool ok = g->synthesis_weights && model_file_tensor(g->w_mean, f, "w_mean", 2, mean, err) &&
              model_file_tensor(g->noise, f, "noise", 1, &noise, err);
    for (int i = 0; ok && i < g->directions; i++)
        ok = read_direction(g, i, f, json_at(directions, (size_t)i), err);
    return ok && model_file_end(f, err);
}

static Generator *read_with(ModelFile *f, const GeneratorConfig *c, const Json *directions, Err *err)
{
    const char *slug = model_file_meta(f, "name", err), *card = slug ? model_file_meta(f, "card", err) : NULL;
    if (!card) return NULL;
    if (!model_is_slug(slug, sizeof((Generator *)0)->slug - 1))
        return err_set(err, ERR_FORMAT, "%s: metadata \"name\" is not a name of a to z, digits and -",
                       f->path),
               NULL;
    Generator *g = generator_alloc(c, slug, (int)json_count(directions), card, err);
    if (!g) return NULL;
    if (read_names(g, f, err) && read_tensors(g, f, directions, err)) {
        generator_seal(g);
        if (model_file_digest(f, g->digest, err)) return g;
    }
    generator_drop(g);
    return NULL;
}

static Generator *read_generator(ModelFile *f, Err *err)
{
    GeneratorConfig config;
    if (!read_config(&config, f, err)) return NULL;
    Json *card = model_file_json(f, "card", err),
         *directions = card ? model_file_json(f, "directions", err) : NULL;
    Generator *g = NULL;
    if (directions && (!json_is_array(directions) || json_count(directions) > DIRECTIONS_MAX))
        err_set(err, ERR_FORMAT, "%s: metadata \"directions\" is not a list of at most %d", f->path,
                DIRECTIONS_MAX);
    else if (directions)
        g = read_with(f, &config, directions, err);
    json_drop(directions);
    json_drop(card);
    return g;
}

bool generator_open(Generator **out, const char *path, Err *err)
{
    ModelFile f;
    *out = NULL;
    if (!model_file_open(&f, path, FORMAT, err)) return false;
    *out = read_generator(&f, err);
    model_file_close(&f);
    return *out != NULL;
}
