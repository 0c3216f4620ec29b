/* Drafts of specs: lines that names and shapes suggest, in the order of the file. */
#include "model/spec.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text as it grows; NULL once there was no room. */
typedef struct {
    char *text;
    size_t size;
    FILE *f;
} Draft;

static bool ends_with(const char *name, const char *end, size_t *stem)
{
    size_t n = strlen(name), m = strlen(end);
    *stem = n > m ? n - m : 0;
    return n > m && !strcmp(name + n - m, end);
}

/* Channels that the line before handed on tell the two readings of a weight apart; where both fit, kernels of
 * 3 are mostly ordinary. `first`: its picture is one pixel, so that stride and padding do nothing good. */
static void put_conv(Draft *d, const Tensor *t, size_t stem, int64_t *channels, bool first)
{
    bool conv = t->shape[1] == *channels, convt = t->shape[0] == *channels, doubt = conv == convt;
    conv = conv && (!convt || t->shape[2] == 3);
    *channels = t->shape[conv ? 0 : 1];
    const char *window = first                       ? ""
                         : conv && t->shape[2] == 3  ? " pad 1"
                         : !conv && t->shape[2] == 4 ? " stride 2 pad 1"
                                                     : "";
    fprintf(d->f, "%s %.*s%s  # ? %sstride, pad\n", conv ? "conv" : "convt", (int)stem, t->name, window,
            doubt ? "conv or convt, " : "");
}

static void put_line(Draft *d, const State *s, int i, int64_t *channels)
{
    const Tensor *t = &s->tensor[i];
    char norm[300];
    size_t stem;
    if (ends_with(t->name, ".running_mean", &stem)) {
        fprintf(d->f, "batchnorm %.*s\nrelu  # ? or leaky slope 0.2, or nothing\n", (int)stem, t->name);
        return;
    }
    if (!ends_with(t->name, ".weight", &stem) && !ends_with(t->name, ".weight_orig", &stem)) return;
    snprintf(norm, sizeof norm, "%.*s.running_mean", (int)stem, t->name);
    if (state_has(s, norm)) return;
    if (t->rank == 4) {
        put_conv(d, t, stem, channels, i == 0);
    } else if (t->rank == 2) {
        fprintf(d->f, "linear %.*s\n", (int)stem, t->name);
        *channels = t->shape[0];
    } else {
        fprintf(d->f, "# ? %s\n", t->name);
    }
}

static int64_t latents(const State *s)
{
    for (int i = 0; i < s->n; i++)
        if (s->tensor[i].rank == 4 || s->tensor[i].rank == 2)
            return s->tensor[i].shape[s->tensor[i].rank == 2];
    return 1;
}

char *spec_draft(const State *s)
{
    Draft d = {0};
    int64_t channels = latents(s);
    d.f = open_memstream(&d.text, &d.size);
    if (!d.f) return NULL;
    bool picture = s->n && s->tensor[0].rank == 4;
    fprintf(d.f,
            "viewsmith spec 1: ?\n# What shapes cannot tell is marked with ?.\ngenerator  # ? or "
            "encoder\ninput z %lld%s\n",
            (long long)channels, picture ? " 1 1" : "");
    fprintf(d.f, "latent normal  # ? or uniform, truncated\n");
    for (int i = 0; i < s->n; i++) put_line(&d, s, i, &channels);
    fprintf(d.f, "tanh  # ? or sigmoid, or range LOW HIGH\noutput image\n");
    bool ok = !ferror(d.f) && !fclose(d.f);
    if (ok) return d.text;
    free(d.text);
    return NULL;
}
