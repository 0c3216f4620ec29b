/* The settings of contrastive training: defaults, ranges, JSON. */
#include "latent/latent.h"
#include "learn/fields.h"
#include "learn/train.h"

#include <stddef.h>
#include <string.h>

#define AT(member) offsetof(TrainConfig, member)

static const Field fields[] = {
    {"encoder", FIELD_NAME, AT(encoder), 0, 0},
    {"precision", FIELD_NAME, AT(precision), 0, 0},
    {"objective", FIELD_OBJECTIVE, AT(objective), 0, 0},
    {"tau_base", FIELD_FLOAT, AT(tau_base), 0, 10},
    {"views", FIELD_MAKER, AT(maker), 0, 0},
    {"view", FIELD_KINDS, AT(plan.kinds), 0, 0},
    {"layers", FIELD_LAYERS, AT(plan.layer), 0, 0},
    {"reach", FIELD_FLOAT, AT(plan.reach), 0.001, 4},
    {"seed", FIELD_U64, AT(seed), 0, 9e18},
    {"pairs", FIELD_INT, AT(pairs), 2, 8192},
    {"psi", FIELD_FLOAT, AT(psi), 0, 2},
    {"anchors", FIELD_U64, AT(anchors), 0, 9e18},
    {"neighbours", FIELD_U64, AT(neighbours), 0, 1e6},
    {"labels_per_class", FIELD_INT, AT(per_class), 0, 1e6},
    {"tray_share", FIELD_FLOAT, AT(control.share), 0, 1},
    {"tray", FIELD_U64, AT(tray), 0, 9e18},
    {"mix", FIELD_FLOAT, AT(control.mix), 0, 1},
    {"augment", FIELD_RECIPE, AT(recipe), 0, 0},
    {"steps", FIELD_U64, AT(budget.steps), 0, 1e9},
    {"seconds", FIELD_DOUBLE, AT(budget.seconds), 0, 1e8},
    {"rate", FIELD_FLOAT, AT(control.rate), 1e-6, 10},
    {"temperature", FIELD_FLOAT, AT(control.temperature), 0.00999, 10},
    {"sigma", FIELD_FLOAT, AT(control.sigma), 0, 10},
    {"momentum", FIELD_FLOAT, AT(momentum), 0, 0.9999},
    {"decay", FIELD_FLOAT, AT(decay), 0, 1},
    {"warm", FIELD_FLOAT, AT(warm), 0, 0.9},
    {"publish", FIELD_INT, AT(publish), 1, 1000000},
};
enum { FIELDS = sizeof fields / sizeof *fields };

TrainConfig train_defaults(void)
{
    TrainConfig c = {.encoder = "small",
                     .precision = "float32",
                     .maker = VIEWS_GENERATOR,
                     .pairs = 256,
                     .psi = 1,
                     .budget = {.steps = 600},
                     .control = {.rate = 0.12f, .temperature = 0.2f, .sigma = 0.3f},
                     .momentum = 0.9f,
                     .decay = 1e-4f,
                     .warm = 0.08f,
                     .publish = 10};
    c.plan = view_plan_gauss;
    augment_named(&c.recipe, "genrep", NULL);
    return c;
}

bool train_bf16(const TrainConfig *c)
{
    return !strcmp(c->precision, "bf16");
}

bool train_has_bf16(void)
{
    return exec_bf16();
}

static bool precision_check(const TrainConfig *c, Err *err)
{
    if (!train_bf16(c) && strcmp(c->precision, "float32"))
        return err_set(err, ERR_USAGE, "precision is float32 or bf16, not \"%s\"", c->precision);
    if (train_bf16(c) && !train_has_bf16())
        return err_set(
            err, ERR_USAGE,
            "this CPU has no matrix unit for bf16 (AMX): take precision float32, which is as fast here");
    return true;
}

/* What goes together, as far as can be said without generator and data. */
static bool mixture_check(const TrainConfig *c, Err *err)
{
    if (c->neighbours && !c->anchors)
        return err_set(err, ERR_USAGE, "a number of neighbours is of a number of anchors: set that too");
    if (objective_latents(c->objective) && (!views_generated(c->maker) || c->control.mix > 0))
        return err_set(err, ERR_USAGE,
                       "objective %s needs generated views alone: of real pictures no z is known",
                       objective_name(c->objective));
    return true;
}

bool train_check(const TrainConfig *c, Err *err)
{
    EncoderConfig e;
    return fields_check(c, fields, FIELDS, "training", err) && budget_check(&c->budget, err) &&
           precision_check(c, err) && mixture_check(c, err) && encoder_config(&e, c->encoder, 1, 28, 0, err);
}

ViewConfig train_views(const TrainConfig *c)
{
    return (ViewConfig){.maker = c->maker,
                        .seed = c->seed,
                        .pairs = c->pairs,
                        .psi = c->psi,
                        .anchors = c->anchors,
                        .recipe = c->recipe,
                        .plan = c->plan,
                        .neighbours = c->neighbours,
                        .per_class = c->per_class};
}

Stream train_stream(const TrainConfig *c, const Generator *g)
{
    ViewConfig v = train_views(c);
    Stream s = views_stream(&v, g);
    s.sigma = c->control.sigma;
    return s;
}

bool train_encoder(EncoderConfig *out, const TrainConfig *c, const Views *v, Err *err)
{
    const Latent *l = views_latent(v);
    const GeneratorConfig *g = l ? &latent_generator(l)->config : NULL;
    int classes = g ? g->classes : views_data(v)->classes;
    return objective_encoder(out, c->objective, c->encoder, views_channels(v), views_side(v), classes,
                             g ? g->z_dim : 0, err);
}

Json *train_config_json(const TrainConfig *c)
{
    return fields_json(c, fields, FIELDS);
}

bool train_config_read(TrainConfig *out, const Json *j, Err *err)
{
    TrainConfig c = train_defaults();
    c.budget = (Budget){0};
    if (!fields_read(&c, fields, FIELDS, "training config", j, err)) return false;
    if (!json_get(j, "rate")) c.control.rate = objective_rate(c.objective);
    if (c.budget.steps == 0 && !(c.budget.seconds > 0)) c.budget = train_defaults().budget;
    *out = c;
    return train_check(out, err);
}

bool train_config_set(TrainConfig *c, const char *key, const char *word, Err *err)
{
    return fields_set(c, fields, FIELDS, "training", key, word, err);
}
