/* Pixel operators: rotation, occlusion, blur and noise on float planes. */
#include "latent/pixel_ops.h"
#include "base/elem.h"
#include "base/rng.h"
#include <stdio.h>
#include <string.h>

enum { BLUR_SIGMA_MAX = 32, BLUR_REACH_MAX = 3 * BLUR_SIGMA_MAX };

static const struct {
    const char *name;
    int least, most;
} table[PIXEL_OPS] = {
#define X(id, name, least, most) [PIXEL_##id] = {name, least, most},
    PIXEL_OP_TABLE(X)
#undef X
};

const char *pixel_op_name(PixelOpKind kind)
{
    return table[kind].name;
}

int pixel_op_find(const char *name)
{
    for (int i = 0; i < PIXEL_OPS; i++)
        if (!strcmp(table[i].name, name)) return i;
    return -1;
}

static bool between(float x, float low, float high)
{
    return x >= low && x <= high;
}

static const PixelParam params[] = {
#define X(op, name, least, most, low, high, first, strength, says)                                           \
    {PIXEL_##op, name, least, most, low, high, first, strength, says},
    PIXEL_PARAM_TABLE(X)
#undef X
};

enum { PARAMS = sizeof params / sizeof *params };

const PixelParam *pixel_param(PixelOpKind kind, int part)
{
    for (int i = 0; i < PARAMS; i++)
        if (params[i].op == kind && !part--) return &params[i];
    return NULL;
}

int pixel_op_part(PixelOpKind kind, const char *name, Err *err)
{
    char names[128] = "";
    const PixelParam *p;
    for (int i = 0; (p = pixel_param(kind, i)); i++) {
        if (name ? !strcmp(p->name, name) : p->strength) return i;
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "", p->name);
    }
    err_set(err, ERR_USAGE, "px %s has no \"%.40s\", but %s", table[kind].name, name, names);
    return -1;
}

PixelOp pixel_op_new(PixelOpKind kind)
{
    PixelOp op = {.kind = kind, .values = table[kind].least};
    for (int i = 0; i < op.values; i++) op.value[i] = pixel_param(kind, i)->first;
    return op;
}

void pixel_op_put(PixelOp *op, int part, float value)
{
    for (; op->values <= part; op->values++) op->value[op->values] = pixel_param(op->kind, op->values)->first;
    op->value[part] = value;
}

bool pixel_op_idle(const PixelOp *op)
{
    return op->value[pixel_op_part(op->kind, NULL, NULL)] == 0;
}

/* The first value that is not allowed, -1: none. */
static int wrong_part(const PixelOp *op)
{
    for (int i = 0; i < op->values; i++) {
        const PixelParam *p = pixel_param(op->kind, i);
        bool whole = op->kind != PIXEL_NOISE || p->strength;
        if (!between(op->value[i], p->least, p->most)) return i;
        if (!whole && op->value[i] != (float)(int)op->value[i]) return i;
    }
    return -1;
}

bool pixel_op_check(const PixelOp *op, Err *err)
{
    const char *name = table[op->kind].name;
    int least = table[op->kind].least, most = table[op->kind].most;
    if (op->values < least || op->values > most)
        return err_set(err, ERR_FORMAT,
                       least == most ? "px-%s takes %d value(s), not %d"
                                     : "px-%s takes %d value(s) or one more, not %d",
                       name, least, op->values);
    int wrong = wrong_part(op);
    if (wrong < 0) return true;
    const PixelParam *p = pixel_param(op->kind, wrong);
    return err_set(err, ERR_FORMAT, "px-%s: %s must be from %.7g to %.7g %s", name, p->name, (double)p->least,
                   (double)p->most, p->says);
}

/* One step of every operator: the pictures come in `in` (c planes) and leave in `out`. */
typedef struct {
    float *out;
    const float *in;
    int c, h, w;
} Step;

static float pixel_or(const float *plane, int x, int y, const Step *s, float outside)
{
    return x >= 0 && y >= 0 && x < s->w && y < s->h ? plane[y * s->w + x] : outside;
}

/* The value of `plane` at (x, y), bilinear; pixels outside of the picture have the value of its first pixel.
 */
static float bilinear(const float *plane, float x, float y, const Step *s)
{
    int left = (int)(x + 16384.0f) - 16384, top = (int)(y + 16384.0f) - 16384; /* floor: |x|, |y| < 16384 */
    float fx = x - (float)left, fy = y - (float)top, outside = plane[0];
    float a = pixel_or(plane, left, top, s, outside), b = pixel_or(plane, left + 1, top, s, outside);
    float c = pixel_or(plane, left, top + 1, s, outside), d = pixel_or(plane, left + 1, top + 1, s, outside);
    float upper = a + fx * (b - a), lower = c + fx * (d - c);
    return upper + fy * (lower - upper);
}

/* Each output pixel looks back along the turn; y points down, so a counter-clockwise turn looks back with
 * +angle. */
static void rotate(const Step *s, float degrees)
{
    float sine, cosine, mx = 0.5f * (float)(s->w - 1), my = 0.5f * (float)(s->h - 1);
    elem_sincos(&sine, &cosine, degrees / 360.0f);
    for (int c = 0; c < s->c; c++)
        for (int y = 0; y < s->h; y++)
            for (int x = 0; x < s->w; x++) {
                float dx = (float)x - mx, dy = (float)y - my;
                float from_x = mx + cosine * dx - sine * dy, from_y = my + sine * dx + cosine * dy;
                s->out[((size_t)c * s->h + y) * s->w + x] =
                    bilinear(s->in + (size_t)c * s->h * s->w, from_x, from_y, s);
            }
}

/* A pixel is covered when its centre is. */
static void occlude(const Step *s, const float *v, float value)
{
    for (int c = 0; c < s->c; c++)
        for (int y = 0; y < s->h; y++)
            for (int x = 0; x < s->w; x++) {
                float dx = ((float)x + 0.5f) / (float)s->w - v[0],
                      dy = ((float)y + 0.5f) / (float)s->h - v[1];
                size_t at = ((size_t)c * s->h + y) * s->w + x;
                bool covered = between(2 * dx, -v[2], v[2]) && between(2 * dy, -v[2], v[2]);
                s->out[at] = covered ? value : s->in[at];
            }
}

/* out[i] = sum over k of kernel[|k|] * in at i + k steps, edges repeated; `lines` lines of n pixels. */
static void blur_lines(float *out, const float *in, int lines, int n, int line_step, int step,
                       const float *kernel, int reach)
{
    for (int l = 0; l < lines; l++)
        for (int i = 0; i < n; i++) {
            float sum = 0;
            for (int k = -reach; k <= reach; k++) {
                int j = i + k < 0 ? 0 : i + k >= n ? n - 1 : i + k;
                sum += kernel[k < 0 ? -k : k] * in[(size_t)l * line_step + (size_t)j * step];
            }
            out[(size_t)l * line_step + (size_t)i * step] = sum;
        }
}

/* Half of a normalised Gaussian, cut at 3 sigma; returns how far it reaches. */
static int gaussian(float kernel[BLUR_REACH_MAX + 1], float sigma)
{
    int reach = (int)(3 * sigma + 0.999f);
    reach = reach > BLUR_REACH_MAX ? BLUR_REACH_MAX : reach;
    float total = 0;
    for (int k = 0; k <= reach; k++) {
        float at = (float)k / sigma;
        kernel[k] = elem_exp(-0.5f * at * at);
        total += k ? 2 * kernel[k] : kernel[k];
    }
    for (int k = 0; k <= reach; k++) kernel[k] /= total;
    return reach;
}

/* Across into out, down into in (which is ours as well), and back. */
static void blur(const Step *s, float *middle, float sigma)
{
    float kernel[BLUR_REACH_MAX + 1];
    size_t plane = (size_t)s->h * s->w;
    int reach = gaussian(kernel, sigma);
    for (int c = 0; c < s->c; c++) {
        blur_lines(s->out + c * plane, s->in + c * plane, s->h, s->w, s->w, 1, kernel, reach);
        blur_lines(middle + c * plane, s->out + c * plane, s->w, s->h, 1, s->w, kernel, reach);
    }
    memcpy(s->out, middle, s->c * plane * sizeof *middle);
}

static void add_noise(const Step *s, float strength, float counter)
{
    size_t n = (size_t)s->c * s->h * s->w;
    rng_fill_normal(s->out, n, (uint64_t)counter, RNG_NOISE);
    for (size_t i = 0; i < n; i++) s->out[i] = s->in[i] + strength * s->out[i];
}

static void apply(const Step *s, float *in, const PixelOp *op)
{
    switch (op->kind) {
    case PIXEL_ROTATE:
        rotate(s, op->value[0]);
        break;
    case PIXEL_OCCLUDE:
        occlude(s, op->value, op->values > 3 ? op->value[3] : -1.0f);
        break;
    case PIXEL_BLUR:
        blur(s, in, op->value[0]);
        break;
    default:
        add_noise(s, op->value[0], op->value[1]);
    }
}

void pixel_ops_apply(float *planes, float *scratch, int c, int h, int w, const PixelOp *op, int ops)
{
    size_t n = (size_t)c * h * w;
    for (int k = 0; k < ops; k++) {
        if (op[k].kind == PIXEL_BLUR && op[k].value[0] == 0) continue;
        memcpy(scratch, planes, n * sizeof *planes);
        apply(&(Step){planes, scratch, c, h, w}, scratch, &op[k]);
        for (size_t i = 0; i < n; i++) {
            float x = planes[i];
            planes[i] = x > 1.0f ? 1.0f : x < -1.0f ? -1.0f : x;
        }
    }
}
