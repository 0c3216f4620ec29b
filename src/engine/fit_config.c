/* A fit's settings to and from config.json, and the card of the generator file. */
#include "engine/fit_config.h"
#include "base/file.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_MAX ((size_t)1 << 20)

/* Every number of a fit that a person may set: key in config.json, member. */
/* clang-format off */
#define FIT_INTEGERS(X)                                                                                      \
    X(batch, gan.batch)                                                                                      \
    X(images, gan.total)                                                                                     \
    X(z_dim, gan.generator.z_dim)                                                                            \
    X(w_dim, gan.generator.w_dim)                                                                            \
    X(mapping_layers, gan.generator.mapping_layers)                                                          \
    X(flip, gan.flip)                                                                                        \
    X(bf16, gan.bf16)                                                                                        \
    X(critic_stages, gan.discriminator.stages)                                                               \
    X(classes, gan.generator.classes)                                                                        \
    X(stages, gan.generator.stages)                                                                          \
    X(sheet_images, sheet_images)
#define FIT_NUMBERS(X)                                                                                       \
    X(anneal, gan.anneal)                                                                                    \
    X(rate_g, gan.rate_g)                                                                                    \
    X(rate_d, gan.rate_d)                                                                                    \
    X(beta1, gan.beta1)                                                                                      \
    X(beta2, gan.beta2)                                                                                      \
    X(auxiliary, gan.auxiliary)                                                                              \
    X(mixing, gan.mixing)                                                                                    \
    X(ema_images, gan.ema_images)                                                                            \
    X(colour, gan.augment.colour)                                                                            \
    X(translation, gan.augment.translation)                                                                  \
    X(cutout, gan.augment.cutout)                                                                            \
    X(save_seconds, save_seconds)
/* clang-format on */

static Json *widths(const int *width, int n)
{
    Json *a = json_make_array();
    for (int i = 0; i < n; i++) json_add_num(a, width[i]);
    return a;
}

static Json *config_json(const Fit *fit)
{
    Json *o = json_make();
    char seed[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)fit->gan.seed);
    json_put_str(o, "format", "viewsmith-fit 1");
    json_put_str(o, "data", fit->spec);
    json_put_str(o, "split", dataset_split_name(fit->split));
    json_put_int(o, "size", fit->data.h);
    json_put_int(o, "channels", fit->data.c);
    json_put_str(o, "slug", fit->slug);
    json_put_str(o, "seed", seed);
    json_put_str(o, "command", fit->command);
#define X(key, member) json_put_int(o, #key, fit->member);
    FIT_INTEGERS(X)
#undef X
#define X(key, member) json_put_num(o, #key, fit->member);
    FIT_NUMBERS(X)
#undef X
    json_put(o, "widths", widths(fit->gan.generator.width, fit->gan.generator.stages));
    json_put(o, "critic_widths", widths(fit->gan.discriminator.width, discriminator_widths(&fit->gan.discriminator)));
    return o;
}

bool fit_config_save(const Fit *fit, Err *err)
{
    char path[4096];
    if (!file_join(path, sizeof path, fit->folder, "config.json", err)) return false;
    Json *o = config_json(fit);
    char *text = json_text(o);
    json_drop(o);
    bool ok = text ? file_replace(path, text, strlen(text), err) : err_nomem(err, "config.json");
    free(text);
    return ok;
}

static Json *config_load(const char *folder, Err *err)
{
    char path[4096];
    uint8_t *bytes;
    size_t size;
    if (!file_join(path, sizeof path, folder, "config.json", err)) return NULL;
    if (!file_read(path, CONFIG_MAX, &bytes, &size, err)) return NULL;
    Json *o = json_parse((const char *)bytes, size, path, err);
    free(bytes);
    if (o && !strcmp(json_str(o, "format", ""), "viewsmith-fit 1")) return o;
    if (o) err_set(err, ERR_FORMAT, "%s: not the settings of a viewsmith fit", path);
    json_drop(o);
    return NULL;
}

bool fit_peek(const char *folder, char *spec, size_t cap, Split *split, int *size, int *channels, Err *err)
{
    Json *o = config_load(folder, err);
    if (!o) return false;
    snprintf(spec, cap, "%s", json_str(o, "data", "fashion"));
    *size = (int)json_int(o, "size", 0);
    *channels = (int)json_int(o, "channels", 0);
    bool ok = dataset_split(json_str(o, "split", "train"), split, err);
    json_drop(o);
    return ok;
}

static int read_widths(int *width, int most, const Json *a)
{
    int n = a && json_is_array(a) ? (int)json_count(a) : 0;
    for (int i = 0; i < n && i < most; i++) {
        double x = 0;
        json_value_num(json_at(a, (size_t)i), &x);
        width[i] = x >= 1 && x <= 4096 ? (int)x : 0; /* 0 is refused when the networks are built */
    }
    return n < most ? n : most;
}

void fit_forget_classes(Fit *fit)
{
    fit->gan.generator.classes = fit->gan.discriminator.classes = 0;
}

bool fit_read(Fit *fit, Err *err)
{
    Json *o = config_load(fit->folder, err);
    if (!o) return false;
    fit->gan.seed = strtoull(json_str(o, "seed", "1"), NULL, 10);
    snprintf(fit->slug, sizeof fit->slug, "%s", json_str(o, "slug", fit->slug));
    snprintf(fit->command, sizeof fit->command, "%s", json_str(o, "command", fit->command));
    if (!json_get(o, "critic_stages")) { /* older than these settings: they were off */
        fit->gan.discriminator.stages = fit->gan.flip = 0;
        fit->gan.augment = (GanAugment){0};
    }
#define X(key, member) fit->member = json_int(o, #key, fit->member);
    FIT_INTEGERS(X)
#undef X
#define X(key, member) fit->member = json_num(o, #key, fit->member);
    FIT_NUMBERS(X)
#undef X
    if (!fit->gan.generator.classes) fit_forget_classes(fit);
    read_widths(fit->gan.generator.width, 8, json_get(o, "widths"));
    read_widths(fit->gan.discriminator.width, DISCRIMINATOR_WIDTHS, json_get(o, "critic_widths"));
    json_drop(o);
    return true;
}

char *fit_card(const Fit *fit, long images, double seconds)
{
    char digest[65], made[320], licence[128];
    digest_hex(digest, &fit->data.digest, 64);
    bool labels = fit->gan.generator.classes > 1;
    snprintf(made, sizeof made, "viewsmith %s: hinge GAN, spectral norm, %sEMA", VIEWSMITH_VERSION,
             labels ? "projection critic, " : "no labels, ");
    Json *o = json_make();
    json_put_str(o, "data", fit->data.sentence);
    json_put_str(o, "data_digest", digest);
    json_put_str(o, "split", dataset_split_name(fit->split));
    json_put_int(o, "real_images", fit->data.n);
    json_put_bool(o, "labels", labels);
    json_put_int(o, "images_seen", images);
    json_put_num(o, "minutes", seconds / 60);
    json_put_int(o, "seed", (int64_t)fit->gan.seed);
    json_put_str(o, "method", made);
    snprintf(licence, sizeof licence, "ours: MIT; of the pictures: %s",
             fit->data.licence[0] ? fit->data.licence : "their owners'");
    json_put_str(o, "licence", licence);
    json_put(o, "settings", config_json(fit));
    char *text = json_text(o);
    json_drop(o);
    return text;
}
