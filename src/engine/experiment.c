/* Recipes of experiments: reading them, and the key of a row. */
#include "engine/experiment.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "model/model_file.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECIPE_MAX = 1 << 20, ARMS_MAX = 64, PAIRS_MAX = 64, SEEDS_MAX = 1000 };

/* A text member; `otherwise` NULL: it must be there. */
static bool read_text(char *to, size_t cap, const Experiment *e, const Json *o, const char *key,
                      const char *otherwise, Err *err)
{
    const char *s = json_str(o, key, otherwise);
    if (!s) return err_set(err, ERR_FORMAT, "%s: the text \"%s\" is missing", e->path, key);
    if (strlen(s) >= cap)
        return err_set(err, ERR_FORMAT, "%s: \"%s\" is longer than %zu bytes", e->path, key, cap - 1);
    memcpy(to, s, strlen(s) + 1);
    return true;
}

/* --- arms
 * ------------------------------------------------------------------------------------------------------ */

/* The members of both, those of the second winning; NULL when there is no memory. */
static Json *merge(const Json *common, const Json *own)
{
    Json *all = json_make();
    const Json *from[] = {common, own};
    for (int i = 0; i < 2; i++)
        for (JsonIter it = json_first(from[i]); it.key; it = json_next(from[i], it)) {
            char *text = json_text(it.value);
            if (text) json_put(all, it.key, json_parse(text, strlen(text), "a recipe", NULL));
            free(text);
        }
    return all;
}

static bool read_settings(ExperimentArm *a, const Experiment *e, const Json *common, const Json *o, Err *err)
{
    Err why = {0};
    Json *all = merge(common, json_get(o, "train"));
    bool ok = train_config_read(&a->config, all, &why);
    json_drop(all);
    return ok || err_set(err, ERR_FORMAT, "%s, arm %s: %s", e->path, a->name, why.msg);
}

/* The generator of an earlier arm where it is the same file. */
static bool open_generator(Experiment *e, int arm, Err *err)
{
    ExperimentArm *a = &e->arm[arm];
    char shipped[3072];
    for (int i = 0; i < arm && !a->generator; i++)
        if (e->arm[i].generator && !strcmp(e->arm[i].model, a->model))
            a->generator = generator_keep(e->arm[i].generator);
    if (a->generator) return true;
    bool here = file_exists(a->model) || !file_shipped(shipped, sizeof shipped, a->model, NULL);
    return generator_open(&a->generator, here ? a->model : shipped, err);
}

static int arm_named(const Experiment *e, const char *name)
{
    for (int i = 0; i < e->arms; i++)
        if (!strcmp(e->arm[i].name, name)) return i;
    return -1;
}

static bool read_arm(Experiment *e, const Json *common, const Json *o, Err *err)
{
    ExperimentArm *a = &e->arm[e->arms];
    if (!read_text(a->name, sizeof a->name, e, o, "name", NULL, err) ||
        !read_text(a->label, sizeof a->label, e, o, "label", a->name, err))
        return false;
    if (!model_is_slug(a->name, sizeof a->name - 1) || arm_named(e, a->name) >= 0)
        return err_set(err, ERR_FORMAT, "%s: an arm's name is a slug of its own, not \"%s\"", e->path,
                       a->name);
    a->x = json_num(o, "x", NAN);
    if (!read_settings(a, e, common, o, err)) return false;
    bool generated = views_generated(a->config.maker);
    if (generated && !read_text(a->model, sizeof a->model, e, o, "model", "models/fashion.safetensors", err))
        return false;
    return !generated || open_generator(e, e->arms, err);
}

static bool read_arms(Experiment *e, const Json *o, Err *err)
{
    const Json *arms = json_get(o, "arms"), *common = json_get(o, "train");
    size_t n = json_is_array(arms) ? json_count(arms) : 0;
    if (n < 1 || n > ARMS_MAX)
        return err_set(err, ERR_FORMAT, "%s: \"arms\" is a list of 1 to %d arms", e->path, ARMS_MAX);
    e->arm = calloc(n, sizeof *e->arm);
    if (!e->arm) return err_nomem(err, "an experiment");
    for (; e->arms < (int)n; e->arms++)
        if (!read_arm(e, common, json_at(arms, (size_t)e->arms), err)) {
            e->arms++; /* what it holds is to be closed too */
            return false;
        }
    return true;
}

/* --- what is compared
 * ------------------------------------------------------------------------------------------ */

static bool read_pair(Experiment *e, const Json *o, Err *err)
{
    ExperimentPair *p = &e->pair[e->pairs];
    char name[2][40];
    if (!read_text(name[0], sizeof name[0], e, o, "first", NULL, err) ||
        !read_text(name[1], sizeof name[1], e, o, "second", NULL, err) ||
        !read_text(p->asks, sizeof p->asks, e, o, "asks", "", err))
        return false;
    p->first = arm_named(e, name[0]);
    p->second = arm_named(e, name[1]);
    e->pairs++;
    return (p->first >= 0 && p->second >= 0) ||
           err_set(err, ERR_FORMAT, "%s: \"compare\" names \"%s\", which is no arm", e->path,
                   p->first < 0 ? name[0] : name[1]);
}

static bool read_pairs(Experiment *e, const Json *o, Err *err)
{
    const Json *list = json_get(o, "compare");
    size_t n = list ? json_count(list) : 0;
    if (n > PAIRS_MAX)
        return err_set(err, ERR_FORMAT, "%s: \"compare\" has more than %d pairs", e->path, PAIRS_MAX);
    e->pair = calloc(n + 1, sizeof *e->pair);
    if (!e->pair) return err_nomem(err, "an experiment");
    for (size_t i = 0; i < n; i++)
        if (!read_pair(e, json_at(list, i), err)) return false;
    return true;
}

/* --- the recipe
 * ------------------------------------------------------------------------------------------------- */

/* What is probed beside all labels of the same data. */
static bool read_probes(Experiment *e, const Json *o, Err *err)
{
    const Json *few = json_get(o, "few");
    size_t n = few ? json_count(few) : 0;
    e->draws = (int)json_int(o, "draws", 5);
    if (n > PROBE_FEW || e->draws < 1 || e->draws > PROBE_DRAWS)
        return err_set(err, ERR_FORMAT, "%s: \"few\" is up to %d numbers and \"draws\" 1 to %d", e->path,
                       PROBE_FEW, PROBE_DRAWS);
    for (size_t i = 0; i < n; i++) {
        int64_t each;
        if (!json_value_int(json_at(few, i), &each) || each < 1 || each > 100000)
            return err_set(err, ERR_FORMAT, "%s: \"few\" holds numbers of labels from 1 to 100,000", e->path);
        e->few[i] = (int)each;
    }
    return read_text(e->transfer, sizeof e->transfer, e, o, "transfer", "", err);
}

static bool read_head(Experiment *e, const Json *o, Err *err)
{
    static const char *const known[] = {"title", "asks",    "split", "seeds", "data",  "train",
                                        "arms",  "compare", "axis",  "few",   "draws", "transfer"};
    char split[16];
    for (JsonIter it = json_first(o); it.key; it = json_next(o, it)) {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) found |= !strcmp(it.key, known[i]);
        if (!found) return err_set(err, ERR_FORMAT, "%s: \"%s\" is no member of a recipe", e->path, it.key);
    }
    if (!read_text(e->title, sizeof e->title, e, o, "title", NULL, err) ||
        !read_text(e->asks, sizeof e->asks, e, o, "asks", "", err) ||
        !read_text(e->data, sizeof e->data, e, o, "data", "fashion", err) ||
        !read_text(split, sizeof split, e, o, "split", "valid", err) || !dataset_split(split, &e->split, err) ||
        !read_probes(e, o, err))
        return false;
    e->seeds = (int)json_int(o, "seeds", 3);
    if (e->seeds < 1 || e->seeds > SEEDS_MAX || (e->split != SPLIT_VALID && e->split != SPLIT_TEST))
        return err_set(err, ERR_FORMAT, "%s: \"seeds\" is 1 to %d and \"split\" valid or test", e->path,
                       SEEDS_MAX);
    const Json *axis = json_get(o, "axis");
    e->axis_log = axis && json_bool(axis, "log", false);
    return !axis || read_text(e->axis, sizeof e->axis, e, axis, "name", NULL, err);
}

Generator *experiment_generator(const Experiment *e)
{
    for (int i = 0; i < e->arms; i++)
        if (e->arm[i].generator) return e->arm[i].generator;
    return NULL;
}

/* The pictures by what they are, not by where they lie. */
static bool digest_data(Experiment *e, Err *err)
{
    const Split split[] = {SPLIT_TRAIN, e->split};
    const Generator *g = experiment_generator(e);
    DigestState s;
    digest_begin(&s);
    for (int i = 0; i < 2; i++) {
        Dataset ds;
        int size = g ? g->config.size : 0, channels = g ? g->config.channels : 0;
        if (!dataset_open(&ds, e->data, split[i], size, channels, err)) return false;
        digest_add(&s, &ds.digest, sizeof ds.digest);
        dataset_close(&ds);
    }
    Digest d = digest_end(&s);
    digest_hex(e->data_digest, &d, 16);
    return true;
}

static bool read_recipe(Experiment *e, Err *err)
{
    uint8_t *bytes;
    size_t size;
    if (!file_read(e->path, RECIPE_MAX, &bytes, &size, err)) return false;
    Json *o = json_parse((const char *)bytes, size, e->path, err);
    free(bytes);
    if (!o) return false;
    bool ok = json_is_object(o) || err_set(err, ERR_FORMAT, "%s: not a JSON object", e->path);
    ok = ok && read_head(e, o, err) && read_arms(e, o, err) && read_pairs(e, o, err);
    json_drop(o);
    return ok;
}

/* NAME of "NAME", "NAME.json" or "folder/NAME.json". */
static bool name_it(Experiment *e, const char *text, Err *err)
{
    const char *base = strrchr(text, '/') ? strrchr(text, '/') + 1 : text;
    size_t n = strlen(base);
    bool file = n > 5 && !strcmp(base + n - 5, ".json");
    snprintf(e->name, sizeof e->name, "%.*s", (int)(file ? n - 5 : n), base);
    if (!model_is_slug(e->name, sizeof e->name - 1))
        return err_set(err, ERR_USAGE,
                       "\"%s\" names no experiment: viewsmith experiment lists them, or give FILE.json",
                       text);
    if (file) return snprintf(e->path, sizeof e->path, "%s", text) < (int)sizeof e->path;
    char shipped[96];
    snprintf(shipped, sizeof shipped, "docs/experiments/%s.json", e->name);
    return file_shipped(e->path, sizeof e->path, shipped, NULL) ||
           err_set(err, ERR_USAGE, "there is no experiment \"%s\": viewsmith experiment lists them", e->name);
}

bool experiment_open(Experiment **out, const char *text, Err *err)
{
    Experiment *e = calloc(1, sizeof *e);
    if (!e) return err_nomem(err, "an experiment");
    bool ok = name_it(e, text, err) && read_recipe(e, err) && digest_data(e, err);
    if (!ok) {
        experiment_close(e);
        e = NULL;
    }
    *out = e;
    return ok;
}

void experiment_close(Experiment *e)
{
    if (!e) return;
    for (int i = 0; i < e->arms; i++) generator_drop(e->arm[i].generator);
    free(e->arm);
    free(e->pair);
    free(e);
}

void experiment_key(char out[17], const Experiment *e, int arm, uint64_t seed)
{
    const ExperimentArm *a = &e->arm[arm];
    TrainConfig c = a->config;
    DigestState s;
    c.seed = seed;
    Json *o = train_config_json(&c);
    json_put_str(o, "generator", a->generator ? a->generator->digest : "");
    json_put_str(o, "data", e->data_digest);
    json_put_str(o, "split", dataset_split_name(e->split));
    json_put_str(o, "transfer", e->transfer);
    json_put_int(o, "draws", e->few[0] ? e->draws : 0);
    Json *few = json_make_array();
    for (int i = 0; i < PROBE_FEW && e->few[i]; i++) json_add_int(few, e->few[i]);
    json_put(o, "few", few);
    char *text = json_text(o);
    json_drop(o);
    digest_begin(&s);
    digest_add(&s, text ? text : "", text ? strlen(text) : 0);
    free(text);
    Digest d = digest_end(&s);
    digest_hex(out, &d, 16);
}

long experiment_names(char ***out, Err *err)
{
    char folder[3072];
    if (!file_shipped(folder, sizeof folder, "docs/experiments", err)) return -1;
    long n = file_list(folder, out, err), kept = 0;
    for (long i = 0; i < n; i++) {
        char *dot = strrchr((*out)[i], '.');
        if (!dot || strcmp(dot, ".json")) continue;
        *dot = 0;
        (*out)[kept++] = (*out)[i];
    }
    return n < 0 ? -1 : kept;
}
