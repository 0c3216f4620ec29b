/* The table of objectives: their heads, and their losses. */
#include "learn/objectives.h"
#include "math/loss.h"
#include "math/vicreg.h"

#include <stdio.h>
#include <string.h>

enum { EXPANDED = 256 };

static double ntxent_loss(ObjectiveBatch *b)
{
    return ntxent(b->dh, b->similarity, b->h, b->origin, b->pairs, b->dim, b->tau, b->scratch, b->pool);
}

static double supcon_loss(ObjectiveBatch *b)
{
    return supcon(b->dh, b->similarity, b->h, b->label, b->pairs, b->dim, b->tau, b->factor, b->scratch,
                  b->pool);
}

static double inverter_loss(ObjectiveBatch *b)
{
    return mean_square(b->dh, b->h, b->target, 2 * (size_t)b->pairs * (size_t)b->dim);
}

static double supervised_loss(ObjectiveBatch *b)
{
    return cross_entropy(b->dh, b->h, b->label, 2 * b->pairs, b->dim, &b->hits);
}

static double vicreg_loss(ObjectiveBatch *b)
{
    return vicreg(b->dh, b->h, b->pairs, b->dim, b->scratch, b->pool);
}

static size_t none(int pairs, int dim)
{
    (void)pairs;
    (void)dim;
    return 0;
}

static const struct {
    const char *name, *help;
    ObjectiveHead head;
    bool labels, latents, contrasts;
    float rate;
} table[] = {
#define X(id, name, head, labels, latents, contrasts, rate, help)                                            \
    {name, help, head, labels, latents, contrasts, rate},
    OBJECTIVES(X)
#undef X
};

static const struct {
    double (*loss)(ObjectiveBatch *b);
    size_t (*scratch)(int pairs, int dim);
} losses[] = {
    [OBJECTIVE_NTXENT] = {ntxent_loss, ntxent_scratch}, [OBJECTIVE_SUPCON] = {supcon_loss, ntxent_scratch},
    [OBJECTIVE_INVERTER] = {inverter_loss, none},       [OBJECTIVE_SUPERVISED] = {supervised_loss, none},
    [OBJECTIVE_VICREG] = {vicreg_loss, vicreg_scratch},
};

const char *objective_name(Objective o)
{
    return table[o].name;
}

const char *objective_help(Objective o)
{
    return table[o].help;
}

ObjectiveHead objective_head(Objective o)
{
    return table[o].head;
}

bool objective_labels(Objective o)
{
    return table[o].labels;
}

bool objective_latents(Objective o)
{
    return table[o].latents;
}

bool objective_contrasts(Objective o)
{
    return table[o].contrasts;
}

float objective_rate(Objective o)
{
    return table[o].rate;
}

bool objective_named(Objective *out, const char *name, Err *err)
{
    char names[128] = "";
    for (int o = 0; o < OBJECTIVE_COUNT; o++) {
        if (!strcmp(table[o].name, name)) return *out = (Objective)o, true;
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, "%s%s", o ? ", " : "", table[o].name);
    }
    return err_set(err, ERR_USAGE, "no objective \"%s\"; there are %s", name, names);
}

bool objective_encoder(EncoderConfig *out, Objective o, const char *size, int channels, int side, int classes,
                       int z_dim, Err *err)
{
    if (table[o].labels && classes < 2)
        return err_set(err, ERR_USAGE, "objective %s needs classes, and these pictures have none",
                       table[o].name);
    if (table[o].latents && z_dim < 1)
        return err_set(err, ERR_USAGE, "objective %s needs the latents of generated views", table[o].name);
    ObjectiveHead head = table[o].head;
    if (!encoder_config(out, size, channels, side, head == HEAD_CLASSES ? classes : 0, err)) return false;
    if (head == HEAD_EXPANDER) out->hidden = out->out = EXPANDED;
    if (head == HEAD_LATENT) out->hidden = 0, out->out = z_dim;
    return true;
}

size_t objective_scratch(Objective o, int pairs, int dim)
{
    return losses[o].scratch(pairs, dim);
}

double objective_loss(Objective o, ObjectiveBatch *b)
{
    b->hits = -1;
    return losses[o].loss(b);
}
