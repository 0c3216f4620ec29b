/* Reads addresses, and single fields of them, strictly: the first mistake is named with its column. */
#include "latent/address.h"
#include "base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Fields that may come only once; mixes, edits and pixel operators look after themselves. */
enum { FIELD_SOURCE = 1, FIELD_CLASS = 2, FIELD_PSI = 4, FIELD_NOISE = 8, FIELD_VIEW = 16 };

typedef struct {
    const char *text, *at;
    const char *key; /* where the field at hand begins */
    bool replace;    /* a field that is there already gives way, else it is a mistake */
    unsigned seen;
    Address *a;
    Err *err;
} Reader;

/* "address, column 12: ..." or "field psi=x, column 5: ...". */
__attribute__((format(printf, 3, 4), cold)) static bool refuse(const Reader *r, const char *at,
                                                               const char *fmt, ...)
{
    char why[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    int column = (int)(at - r->text) + 1;
    if (r->replace) return err_set(r->err, ERR_FORMAT, "field %.80s, column %d: %s", r->text, column, why);
    return err_set(r->err, ERR_FORMAT, "address, column %d: %s", column, why);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool expect(Reader *r, char c, const char *after)
{
    if (*r->at != c) return refuse(r, r->at, "'%c' is expected after %s", c, after);
    r->at++;
    return true;
}

static bool read_u64(Reader *r, uint64_t *out, const char *what)
{
    const char *start = r->at;
    *out = 0;
    if (!is_digit(*r->at)) return refuse(r, r->at, "%s is expected, a whole number", what);
    for (; is_digit(*r->at); r->at++)
        if (__builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, (uint64_t)(*r->at - '0'), out))
            return refuse(r, start, "%s is over 18446744073709551615", what);
    return true;
}

static bool read_num(Reader *r, float *out, const char *what)
{
    if (text_parse_float(out, r->at, &r->at)) return true;
    return refuse(r, r->at, "%s is expected, 0 or a plain number from 0.000001 to 1000000 on either side",
                  what);
}

static bool read_hex(Reader *r, uint64_t *out, int digits, const char *what)
{
    static const char base[] = "0123456789abcdef";
    const char *start = r->at;
    *out = 0;
    for (int i = 0; i < digits; i++, r->at++) {
        const char *digit = *r->at ? strchr(base, *r->at) : NULL;
        if (!digit) return refuse(r, start, "%s is expected, %d lower-case hexadecimal digits", what, digits);
        *out = *out << 4 | (uint64_t)(digit - base);
    }
    return true;
}

static bool read_slug(Reader *r, char *out, size_t cap, const char *what)
{
    const char *start = r->at;
    if (*r->at < 'a' || *r->at > 'z')
        return refuse(r, r->at, "%s is expected, a to z first, then also digits and -", what);
    while ((*r->at >= 'a' && *r->at <= 'z') || is_digit(*r->at) || *r->at == '-') r->at++;
    size_t length = (size_t)(r->at - start);
    if (length >= cap) return refuse(r, start, "%s is longer than %zu characters", what, cap - 1);
    memset(out, 0, cap);
    memcpy(out, start, length);
    return true;
}

static bool read_range(Reader *r, LayerRange *out)
{
    const char *start = r->at;
    uint64_t first, last;
    if (!read_u64(r, &first, "the first layer") || !expect(r, '-', "the first layer") ||
        !read_u64(r, &last, "the last layer"))
        return false;
    if (first < 1 || last < first || last > ADDRESS_LAYERS_MAX)
        return refuse(r, start, "layers are 1 to %d, the first not after the last", ADDRESS_LAYERS_MAX);
    *out = (LayerRange){(int)first, (int)last};
    return true;
}

static bool read_optional_range(Reader *r, LayerRange *out)
{
    *out = (LayerRange){0, 0};
    if (*r->at != ':') return true;
    r->at++;
    return read_range(r, out);
}

static bool read_stored(Reader *r, LatentRef *out)
{
    static const struct {
        const char *text;
        RefKind kind;
    } kinds[] = {{"z.", REF_Z}, {"w.", REF_W}, {"wp.", REF_WP}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t length = strlen(kinds[i].text);
        if (strncmp(r->at, kinds[i].text, length)) continue;
        r->at += length;
        out->kind = kinds[i].kind;
        return read_hex(r, &out->id, 16, "the latent's hash");
    }
    return refuse(r, r->at, "a stored latent is expected, z. w. or wp. and its hash");
}

static bool read_ref(Reader *r, LatentRef *out)
{
    if (!is_digit(*r->at)) return read_stored(r, out);
    out->kind = REF_SEED;
    return read_u64(r, &out->id, "the seed");
}

/* One field each; the reader stands behind '='. */

static bool field_seed(Reader *r, AddressSource *s)
{
    return read_u64(r, &s->ref[0].id, "the seed");
}

static bool field_blend(Reader *r, AddressSource *s)
{
    for (int i = 0; i < 4; i++)
        if ((i && !expect(r, ',', "a seed of the blend")) ||
            !read_u64(r, &s->ref[i].id, "a seed of the blend"))
            return false;
    return expect(r, ':', "the four seeds") && read_num(r, &s->at[0], "the way across") &&
           expect(r, ',', "the way across") && read_num(r, &s->at[1], "the way down");
}

static bool field_lerp(Reader *r, AddressSource *s)
{
    return read_ref(r, &s->ref[0]) && expect(r, ',', "the first latent") && read_ref(r, &s->ref[1]) &&
           expect(r, ':', "the second latent") && read_num(r, &s->at[0], "the part of the way");
}

static bool field_latent(Reader *r, AddressSource *s)
{
    return read_stored(r, &s->ref[0]);
}

static bool field_source(Reader *r, SourceKind kind)
{
    static bool (*const read[])(Reader *, AddressSource *) = {[SOURCE_SEED] = field_seed,
                                                              [SOURCE_BLEND] = field_blend,
                                                              [SOURCE_LERP] = field_lerp,
                                                              [SOURCE_LATENT] = field_latent};
    r->a->source = (AddressSource){.kind = kind};
    return read[kind](r, &r->a->source);
}

static bool overlap(LayerRange a, LayerRange b)
{
    return a.first <= b.last && b.first <= a.last;
}

/* Makes room for a mix on `range`, or says why there is none. */
static bool clear_mixes(Reader *r, LayerRange range)
{
    Address *a = r->a;
    int kept = 0;
    for (int i = 0; i < a->mixes; i++) {
        bool clash = overlap(a->mix[i].range, range);
        if (clash && !r->replace)
            return refuse(r, r->key, "this mix shares layers with the one on %d-%d", a->mix[i].range.first,
                          a->mix[i].range.last);
        if (!clash) a->mix[kept++] = a->mix[i];
    }
    a->mixes = kept;
    return true;
}

static bool field_mix(Reader *r)
{
    AddressMix mix = {0};
    if (!read_ref(r, &mix.ref) || !expect(r, ':', "the latent of a mix") || !read_range(r, &mix.range) ||
        !clear_mixes(r, mix.range))
        return false;
    r->a->mix[r->a->mixes++] = mix;
    return true;
}

static bool field_class(Reader *r)
{
    const char *start = r->at;
    uint64_t number;
    if (!read_u64(r, &number, "the class")) return false;
    if (number > 999999) return refuse(r, start, "a class is at most 999999");
    r->a->class = (int)number;
    return true;
}

static bool field_psi(Reader *r)
{
    return read_num(r, &r->a->psi, "psi") && read_optional_range(r, &r->a->psi_range);
}

static bool field_noise(Reader *r)
{
    r->a->noise_seed = 0;
    r->a->noise = NOISE_OFF;
    if (!strncmp(r->at, "off", 3)) {
        r->at += 3;
        return true;
    }
    r->a->noise = NOISE_SEEDED;
    return read_u64(r, &r->a->noise_seed, "off or the noise's seed");
}

static bool read_recipe(Reader *r, AddressView *v)
{
    uint64_t hash;
    if (!read_slug(r, v->recipe, sizeof v->recipe, "the pixel recipe") ||
        !expect(r, '.', "the pixel recipe") || !read_hex(r, &hash, 8, "the recipe's hash") ||
        !expect(r, ':', "the recipe's hash") || !read_u64(r, &v->recipe_counter, "the recipe's counter"))
        return false;
    v->recipe_hash = (uint32_t)hash;
    return true;
}

/* One strength, or one for each layer. */
static bool read_strengths(Reader *r, AddressView *v)
{
    float layer[ADDRESS_LAYERS_MAX];
    int n = 0;
    do {
        if (n) r->at++;
        const char *strength = r->at;
        if (n == ADDRESS_LAYERS_MAX)
            return refuse(r, strength, "a view has at most %d strengths", ADDRESS_LAYERS_MAX);
        if (!read_num(r, &layer[n], "the view's strength")) return false;
        if (layer[n++] < 0) return refuse(r, strength, "a view's strength cannot be negative");
    } while (*r->at == ',');
    address_view_layers(v, layer, n);
    return true;
}

static bool field_view(Reader *r)
{
    AddressView v = {0};
    if (!read_slug(r, v.kind, sizeof v.kind, "the kind of view") || !expect(r, ':', "the kind of view") ||
        !read_strengths(r, &v) || !expect(r, ':', "the view's strength") ||
        !read_u64(r, &v.counter, "the view's counter"))
        return false;
    if (*r->at == ':') {
        r->at++;
        if (!read_recipe(r, &v)) return false;
    }
    r->a->view = v;
    return true;
}

/* An edit on the same direction and layers gives way; without `replace` it stays, and both are summed later.
 */
static void clear_edit(Reader *r, const AddressEdit *e)
{
    Address *a = r->a;
    int kept = 0;
    for (int i = 0; i < a->edits; i++) {
        const AddressEdit *old = &a->edit[i];
        bool same = !strcmp(old->dir, e->dir) && old->hashed == e->hashed && old->hash == e->hash &&
                    old->range.first == e->range.first && old->range.last == e->range.last;
        if (!same || !r->replace) memmove(&a->edit[kept++], old, sizeof *old);
    }
    a->edits = kept;
}

static bool field_edit(Reader *r, const char *dir)
{
    AddressEdit e = {0};
    uint64_t hash = 0;
    snprintf(e.dir, sizeof e.dir, "%s", dir);
    if (*r->at == '.') {
        r->at++;
        if (!read_hex(r, &hash, 8, "the direction's hash")) return false;
        e.hashed = true;
        e.hash = (uint32_t)hash;
    }
    if (!expect(r, '=', "the name of a field or direction") ||
        !read_num(r, &e.amount, "the amount of an edit") || !read_optional_range(r, &e.range))
        return false;
    clear_edit(r, &e);
    if (r->a->edits == ADDRESS_EDITS_MAX)
        return refuse(r, r->key, "this is one more than the %d edits that an address can hold",
                      ADDRESS_EDITS_MAX);
    r->a->edit[r->a->edits++] = e;
    return true;
}

static bool store_pix(Reader *r, const PixelOp *op)
{
    Address *a = r->a;
    int at = 0;
    while (at < a->pixes && a->pix[at].kind != op->kind) at++;
    if (at < a->pixes && !r->replace)
        return refuse(r, r->key, "px-%s is there twice", pixel_op_name(op->kind));
    a->pix[at] = *op;
    a->pixes += at == a->pixes;
    return true;
}

static bool field_pix(Reader *r, const char *name)
{
    int kind = pixel_op_find(name);
    if (kind < 0) return refuse(r, r->key, "px-%s is no pixel operator; there are " PIXEL_OP_NAMES, name);
    PixelOp op = {.kind = (PixelOpKind)kind};
    if (!expect(r, '=', "the pixel operator")) return false;
    const char *start = r->at;
    do {
        r->at += op.values > 0;
        if (op.values == PIXEL_VALUES_MAX) return refuse(r, r->at, "px-%s has too many values", name);
        if (!read_num(r, &op.value[op.values++], "a value of the pixel operator")) return false;
    } while (*r->at == ',');
    Err why = {0};
    if (!pixel_op_check(&op, &why)) return refuse(r, start, "%s", why.msg);
    return store_pix(r, &op);
}

static const struct {
    const char *key;
    unsigned field; /* the bit in Reader.seen; 0: may come again */
    SourceKind source;
    bool (*read)(Reader *r); /* NULL: a source */
} fields[] = {
    {"seed", FIELD_SOURCE, SOURCE_SEED, NULL},
    {"blend", FIELD_SOURCE, SOURCE_BLEND, NULL},
    {"lerp", FIELD_SOURCE, SOURCE_LERP, NULL},
    {"latent", FIELD_SOURCE, SOURCE_LATENT, NULL},
    {"mix", 0, SOURCE_SEED, field_mix},
    {"class", FIELD_CLASS, SOURCE_SEED, field_class},
    {"psi", FIELD_PSI, SOURCE_SEED, field_psi},
    {"noise", FIELD_NOISE, SOURCE_SEED, field_noise},
    {"view", FIELD_VIEW, SOURCE_SEED, field_view},
};

/* From the key to the '/' or end behind the value. */
static bool read_field(Reader *r)
{
    char key[ADDRESS_DIR_MAX + 1];
    r->key = r->at;
    if (!read_slug(r, key, sizeof key, "the name of a field or direction")) return false;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strcmp(key, fields[i].key)) continue;
        if (r->seen & fields[i].field)
            return refuse(r, r->key, "%s is there twice", fields[i].read ? key : "the source");
        r->seen |= fields[i].field;
        if (!expect(r, '=', key)) return false;
        return fields[i].read ? fields[i].read(r) : field_source(r, fields[i].source);
    }
    return strncmp(key, "px-", 3) ? field_edit(r, key) : field_pix(r, key + 3);
}

static bool read_fields(Reader *r)
{
    while (*r->at == '/') {
        r->at++;
        if (!read_field(r)) return false;
        if (*r->at && *r->at != '/')
            return refuse(r, r->at, "the field should end here, with '/' or nothing");
    }
    if (*r->at) return refuse(r, r->at, "'/' is expected after the model");
    if (!(r->seen & FIELD_SOURCE))
        return refuse(r, r->at, "the source is missing: seed=, blend=, lerp= or latent=");
    if (!(r->seen & FIELD_PSI)) return refuse(r, r->at, "the truncation is missing: psi=1 is none");
    return true;
}

static bool read_model(Reader *r)
{
    const char *hash;
    uint64_t ignored;
    if (strncmp(r->at, "vs1:", 4)) return refuse(r, r->at, "an address begins with vs1:");
    r->at += 4;
    if (!read_slug(r, r->a->slug, sizeof r->a->slug, "the model's name") ||
        !expect(r, '@', "the model's name"))
        return false;
    hash = r->at;
    if (!read_hex(r, &ignored, 16, "the model's digest")) return false;
    memcpy(r->a->digest, hash, 16);
    return true;
}

bool address_parse(Address *out, const char *text, Err *err)
{
    Address a;
    memset(&a, 0, sizeof a);
    a.class = -1;
    Reader r = {.text = text, .at = text, .a = &a, .err = err};
    if (strnlen(text, ADDRESS_BYTES_MAX + 1) > ADDRESS_BYTES_MAX)
        return refuse(&r, text + ADDRESS_BYTES_MAX, "an address has at most %d bytes", ADDRESS_BYTES_MAX);
    if (!read_model(&r) || !read_fields(&r) || !address_normalise(&a, err)) return false;
    memcpy(out, &a, sizeof a);
    return true;
}

bool address_set(Address *a, const char *field, Err *err)
{
    Address changed;
    memcpy(&changed, a, sizeof changed);
    Reader r = {.text = field, .at = field, .a = &changed, .replace = true, .err = err};
    if (!read_field(&r)) return false;
    if (*r.at) return refuse(&r, r.at, "the field should end here");
    if (!address_normalise(&changed, err)) return false;
    memcpy(a, &changed, sizeof changed);
    return true;
}

bool latent_ref_parse(LatentRef *out, const char *text, Err *err)
{
    Reader r = {.text = text, .at = text, .replace = true, .err = err};
    LatentRef ref = {0};
    if (!read_ref(&r, &ref)) return false;
    if (*r.at) return refuse(&r, r.at, "the latent should end here");
    *out = ref;
    return true;
}
