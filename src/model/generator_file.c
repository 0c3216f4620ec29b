/* Generators in files: strict safetensors "viewsmith-generator 1"; imported ones "viewsmith-generator 2",
 * which carry their nets in metadata mapping and synthesis (model/graph.h); any other file is imported.
 *
 * Tensors mapping.*, synthesis.*, w_mean (classes or 1, w_dim), noise (floats of all maps), direction.NAME
 * (w_dim); metadata format, name, digest, config, classes (JSON list of names), directions (JSON list, see
 * direction_put_json), card; direction.NAME is (layers, w_dim) where "layered". */
#include "base/json.h"
#include "base/text.h"
#include "model/generator_new.h"
#include "model/graph.h"
#include "model/import_model.h"
#include "model/model_file.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT       "viewsmith-generator 1"
#define FORMAT_GRAPH "viewsmith-generator 2"

enum { DIRECTIONS_MAX = 1000 };

/* ---- Writing ---------------------------------------------------------------------------------------- */

static bool imported(const Generator *g)
{
    return g->config.mapping_layers == 0;
}

static Json *config_json(const Generator *g)
{
    Json *o = json_make();
    const GeneratorConfig *c = &g->config;
    json_put_int(o, "z_dim", c->z_dim);
    json_put_int(o, "w_dim", c->w_dim);
    json_put_int(o, "classes", c->classes);
    json_put_int(o, "size", c->size);
    json_put_int(o, "channels", c->channels);
    if (imported(g)) {
        json_put_str(o, "latent", generator_latent_name(g->latent));
        json_put_bool(o, "straight", g->straight);
        json_put_num(o, "low", (double)g->low);
        json_put_num(o, "high", (double)g->high);
        return o;
    }
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
    if (noise) model_tensors_add(t, "", "noise", g->noise, 1, &noise);
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
    char *config = text_of(config_json(g)), *names = text_of(names_json(g));
    char *directions = text_of(directions_json(g));
    char *mapping = imported(g) ? text_of(graph_json(g->mapping)) : NULL;
    char *synthesis = imported(g) ? text_of(graph_json(g->synthesis)) : NULL;
    bool ok = (config && names && directions && (!imported(g) || (mapping && synthesis))) ||
              err_nomem(err, "a generator's metadata");
    if (ok) {
        const TensorMeta meta[] = {{"format", imported(g) ? FORMAT_GRAPH : FORMAT},
                                   {"name", g->slug},
                                   {"digest", g->digest},
                                   {"config", config},
                                   {"classes", names},
                                   {"directions", directions},
                                   {"card", g->card},
                                   {"mapping", mapping},
                                   {"synthesis", synthesis}};
        add_tensors(&t, g);
        ok = safetensors_save(path, t.tensor, t.n, meta, imported(g) ? 9 : 7, err);
    }
    free(mapping);
    free(synthesis);
    free(config);
    free(names);
    free(directions);
    model_tensors_close(&t);
    return ok;
}

/* ---- Reading ---------------------------------------------------------------------------------------- */

/* What the config of an imported generator says beside its sizes. */
typedef struct {
    LatentKind latent;
    bool straight;
    float low, high;
} Facts;

static bool read_facts(Facts *facts, const ModelFile *f, const Json *o, Err *err)
{
    *facts = (Facts){.straight = json_bool(o, "straight", false),
                     .low = (float)json_num(o, "low", NAN),
                     .high = (float)json_num(o, "high", NAN)};
    if (!generator_latent(&facts->latent, json_str(o, "latent", "")) || !(facts->low < facts->high) ||
        !isfinite(facts->high - facts->low))
        return err_set(err, ERR_FORMAT,
                       "%s: metadata \"config\": \"latent\", \"low\" or \"high\" is missing or none",
                       f->path);
    return true;
}

/* facts NULL: one of ours. */
static bool read_config(GeneratorConfig *c, Facts *facts, const ModelFile *f, Err *err)
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
    for (size_t i = 0; ok && i < (facts ? 5 : sizeof number / sizeof *number); i++)
        ok =
            model_file_int(number[i].to, f, o, "config", number[i].field, number[i].low, number[i].high, err);
    if (facts)
        ok = ok && read_facts(facts, f, o, err);
    else
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
              (!noise || model_file_tensor(g->noise, f, "noise", 1, &noise, err));
    for (int i = 0; ok && i < g->directions; i++)
        ok = read_direction(g, i, f, json_at(directions, (size_t)i), err);
    return ok && model_file_end(f, err);
}

static Net *read_net(const ModelFile *f, const char *key, Err *err)
{
    Json *list = model_file_json(f, key, err);
    Net *net = list ? graph_read(list, f->path, err) : NULL;
    json_drop(list);
    return net;
}

static bool port_is(const Net *net, const char *name, int rank, int width)
{
    const Value *v = net_value(net, net_port(net, name));
    return v && v->shape.rank == rank && v->shape.dim[0] == NET_BATCH && v->shape.dim[1] == width;
}

/* Whether the nets of a file are what its config says. */
static bool nets_fit(const Generator *g)
{
    const GeneratorConfig *c = &g->config;
    bool fit = port_is(g->mapping, "z", 2, c->z_dim) && port_is(g->mapping, "w", 2, c->w_dim) &&
               (!c->classes || port_is(g->mapping, "class", 2, c->classes)) &&
               port_is(g->synthesis, "image", 4, c->channels);
    for (int i = 0; fit && i < g->layers; i++) {
        char name[16];
        snprintf(name, sizeof name, "w%d", i + 1);
        fit = port_is(g->synthesis, name, 2, c->w_dim);
    }
    const Shape *image = fit ? &net_value(g->synthesis, net_port(g->synthesis, "image"))->shape : NULL;
    return image && image->dim[2] == c->size && image->dim[3] == c->size;
}

/* The generator without its numbers: of a config of ours, or around the nets that the file carries. */
static Generator *make_room(ModelFile *f, const GeneratorConfig *c, const Facts *facts, const char *slug,
                            int directions, const char *card, Err *err)
{
    if (!facts) return generator_alloc(c, slug, directions, card, err);
    Net *mapping = read_net(f, "mapping", err), *synthesis = mapping ? read_net(f, "synthesis", err) : NULL;
    if (!synthesis) return net_free(mapping), NULL;
    Generator *g = generator_around(c, mapping, synthesis, slug, directions, card, err);
    if (!g) return NULL;
    g->latent = facts->latent, g->straight = facts->straight, g->low = facts->low, g->high = facts->high;
    if (nets_fit(g)) return g;
    generator_drop(g);
    return err_set(err, ERR_FORMAT, "%s: its nets are not what its config says", f->path), NULL;
}

static Generator *read_with(ModelFile *f, const GeneratorConfig *c, const Facts *facts,
                            const Json *directions, Err *err)
{
    const char *slug = model_file_meta(f, "name", err), *card = slug ? model_file_meta(f, "card", err) : NULL;
    if (!card) return NULL;
    if (!model_is_slug(slug, sizeof((Generator *)0)->slug - 1))
        return err_set(err, ERR_FORMAT, "%s: metadata \"name\" is not a name of a to z, digits and -",
                       f->path),
               NULL;
    Generator *g = make_room(f, c, facts, slug, (int)json_count(directions), card, err);
    if (!g) return NULL;
    if (read_names(g, f, err) && read_tensors(g, f, directions, err)) {
        generator_seal(g);
        if (model_file_digest(f, g->digest, err)) return g;
    }
    generator_drop(g);
    return NULL;
}

static Generator *read_generator(ModelFile *f, bool graph, Err *err)
{
    GeneratorConfig config;
    Facts facts;
    if (!read_config(&config, graph ? &facts : NULL, f, err)) return NULL;
    Json *card = model_file_json(f, "card", err),
         *directions = card ? model_file_json(f, "directions", err) : NULL;
    Generator *g = NULL;
    if (directions && (!json_is_array(directions) || json_count(directions) > DIRECTIONS_MAX))
        err_set(err, ERR_FORMAT, "%s: metadata \"directions\" is not a list of at most %d", f->path,
                DIRECTIONS_MAX);
    else if (directions)
        g = read_with(f, &config, graph ? &facts : NULL, directions, err);
    json_drop(directions);
    json_drop(card);
    return g;
}

static bool open_ours(Generator **out, const char *path, bool graph, Err *err)
{
    ModelFile f;
    if (!model_file_open(&f, path, graph ? FORMAT_GRAPH : FORMAT, err)) return false;
    *out = read_generator(&f, graph, err);
    model_file_close(&f);
    return *out != NULL;
}

static bool open_foreign(Generator **out, const char *path, Err *err)
{
    Imported m;
    char slug[40];
    if (!import_open(&m, path, NULL, err)) return false;
    import_slug(slug, path);
    bool ok = generator_import(out, &m, slug, NULL, err);
    import_free(&m);
    return ok;
}

bool generator_open(Generator **out, const char *path, Err *err)
{
    char format[64];
    *out = NULL;
    model_file_format(format, path);
    if (strncmp(format, "viewsmith-", 10)) return open_foreign(out, path, err);
    return open_ours(out, path, !strcmp(format, FORMAT_GRAPH), err);
}
