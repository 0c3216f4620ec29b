/* Writes addresses: one canonical text each. */
#include "latent/address.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text that grows in a fixed room; `full` and `unfit` remember what went wrong. */
typedef struct {
    char *out;
    size_t used;
    bool full, unfit;
} Writer;

__attribute__((format(printf, 2, 3))) static void put(Writer *w, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(w->out + w->used, ADDRESS_BYTES_MAX + 1 - w->used, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n > ADDRESS_BYTES_MAX - w->used)
        w->full = true;
    else
        w->used += (size_t)n;
}

static void put_num(Writer *w, float x)
{
    char text[48];
    if (text_float(text, sizeof text, x))
        put(w, "%s", text);
    else
        w->unfit = true;
}

static void put_ref(Writer *w, const LatentRef *ref)
{
    char text[24];
    latent_ref_print(text, ref);
    put(w, "%s", text);
}

static void put_range(Writer *w, LayerRange r)
{
    if (r.first) put(w, ":%d-%d", r.first, r.last);
}

static void put_source(Writer *w, const AddressSource *s)
{
    static const struct {
        const char *key;
        int refs, nums;
    } form[] = {[SOURCE_SEED] = {"seed", 1, 0},
                [SOURCE_BLEND] = {"blend", 4, 2},
                [SOURCE_LERP] = {"lerp", 2, 1},
                [SOURCE_LATENT] = {"latent", 1, 0}};
    put(w, "/%s", form[s->kind].key);
    for (int i = 0; i < form[s->kind].refs; i++) {
        put(w, "%c", i ? ',' : '=');
        put_ref(w, &s->ref[i]);
    }
    for (int i = 0; i < form[s->kind].nums; i++) {
        put(w, "%c", i ? ',' : ':');
        put_num(w, s->at[i]);
    }
}

static void put_edit(Writer *w, const AddressEdit *e)
{
    put(w, "/%s", e->dir);
    if (e->hashed) put(w, ".%08" PRIx32, e->hash);
    put(w, "=");
    put_num(w, e->amount);
    put_range(w, e->range);
}

static void put_pix(Writer *w, const PixelOp *p)
{
    put(w, "/px-%s", pixel_op_name(p->kind));
    for (int i = 0; i < p->values; i++) {
        put(w, "%c", i ? ',' : '=');
        put_num(w, p->value[i]);
    }
}

static void put_view(Writer *w, const AddressView *v)
{
    put(w, "/view=%s:", v->kind);
    if (!v->layers) put_num(w, v->strength);
    for (int l = 0; l < v->layers; l++) {
        put(w, "%s", l ? "," : "");
        put_num(w, v->layer[l]);
    }
    put(w, ":%" PRIu64, v->counter);
    if (*v->recipe) put(w, ":%s.%08" PRIx32 ":%" PRIu64, v->recipe, v->recipe_hash, v->recipe_counter);
}

static void put_address(Writer *w, const Address *a)
{
    put(w, "vs1:%s@%s", a->slug, a->digest);
    put_source(w, &a->source);
    for (int i = 0; i < a->mixes; i++) {
        put(w, "/mix=");
        put_ref(w, &a->mix[i].ref);
        put_range(w, a->mix[i].range);
    }
    if (a->class >= 0) put(w, "/class=%d", a->class);
    put(w, "/psi=");
    put_num(w, a->psi);
    put_range(w, a->psi_range);
    for (int i = 0; i < a->edits; i++) put_edit(w, &a->edit[i]);
    if (a->noise == NOISE_OFF) put(w, "/noise=off");
    if (a->noise == NOISE_SEEDED) put(w, "/noise=%" PRIu64, a->noise_seed);
    for (int i = 0; i < a->pixes; i++) put_pix(w, &a->pix[i]);
    if (*a->view.kind) put_view(w, &a->view);
}

bool address_print(char out[ADDRESS_BYTES_MAX + 1], const Address *a, Err *err)
{
    Address normal;
    memcpy(&normal, a, sizeof normal);
    if (!address_normalise(&normal, err)) return false;
    Writer w = {out, 0, false, false};
    put_address(&w, &normal);
    if (w.unfit)
        return err_set(err, ERR_NUMERIC,
                       "an address holds only 0 and numbers from 0.000001 to 1000000 on either side");
    if (w.full) return err_set(err, ERR_LIMIT, "the address is longer than %d bytes", ADDRESS_BYTES_MAX);
    return true;
}

void latent_ref_print(char out[24], const LatentRef *ref)
{
    static const char *const name[] = {[REF_Z] = "z", [REF_W] = "w", [REF_WP] = "wp"};
    if (ref->kind == REF_SEED)
        snprintf(out, 24, "%" PRIu64, ref->id);
    else
        snprintf(out, 24, "%s.%016" PRIx64, name[ref->kind], ref->id);
}
