/* Numbers of an ONNX graph that are known when it is read: tensors, shapes, and what follows from them. */
#include "model/onnx_draft.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Memory -----------------------------------------------------------------------------------------------
 */

static size_t bytes_of(const Numbers *n)
{
    return sizeof *n + (n->f ? n->count * sizeof *n->f : 0) + (n->pair ? n->count * sizeof *n->pair : 0);
}

/* Room for numbers in n, within what the file may cost. */
static bool numbers_room(Draft *d, Numbers *n, bool pairs)
{
    size_t size = n->count * (pairs ? sizeof *n->pair : sizeof *n->f);
    d->work += (double)n->count;
    if (n->count > SIZE_MAX / 64 || size > d->most - d->live || d->work > d->work_most)
        return draft_refuse(d, "its constants need more memory or time than a file of this size may");
    void *room = calloc(n->count + 1, pairs ? sizeof *n->pair : sizeof *n->f);
    if (!room) return err_nomem(d->err, "the constants of a graph");
    if (pairs)
        n->pair = room;
    else
        n->f = room;
    d->live += size;
    return true;
}

static Numbers *numbers_empty(Draft *d, size_t count)
{
    Numbers *n = d->most - d->live < sizeof *n ? NULL : calloc(1, sizeof *n);
    if (!n) {
        err_nomem(d->err, "the constants of a graph");
        return NULL;
    }
    n->refs = 1, n->count = count, n->param = NET_NONE;
    d->live += sizeof *n;
    return n;
}

Numbers *numbers_new(Draft *d, size_t count, bool pairs)
{
    Numbers *n = numbers_empty(d, count);
    if (!n || numbers_room(d, n, pairs)) return n;
    numbers_drop(d, n);
    return NULL;
}

Numbers *numbers_keep(Numbers *n)
{
    if (n) n->refs++;
    return n;
}

void numbers_drop(Draft *d, Numbers *n)
{
    if (!n || --n->refs > 0) return;
    d->live -= bytes_of(n);
    free(n->f);
    free(n->pair);
    free(n);
}

bool numbers_load(Draft *d, Numbers *n)
{
    if (n->f || n->pair) return true;
    if (!numbers_room(d, n, false)) return false;
    return onnx_floats(n->f, n->tensor) ||
           draft_refuse(d, "a tensor does not hold as many numbers as its shape says");
}

bool numbers_copy_floats(float *out, const Numbers *n)
{
    if (!n->f && !n->pair) return onnx_floats(out, n->tensor);
    for (size_t i = 0; i < n->count; i++) out[i] = (float)numbers_at(n, i, 0);
    return true;
}

double numbers_at(const Numbers *n, size_t i, int lane)
{
    return n->f ? (double)n->f[i] : n->pair[i][lane];
}

void numbers_put(Numbers *n, size_t i, double a, double b)
{
    if (n->f)
        n->f[i] = (float)a;
    else
        n->pair[i][0] = a, n->pair[i][1] = b;
}

bool numbers_same(Draft *d, const Operand *o, double *out)
{
    if (o->kind != OPERAND_NUMBERS || o->numbers->count == 0 || !numbers_load(d, o->numbers)) return false;
    *out = numbers_at(o->numbers, 0, 0);
    for (size_t i = 0; i < o->numbers->count; i++)
        if (numbers_at(o->numbers, i, 0) != *out || numbers_at(o->numbers, i, 1) != *out) return false;
    return true;
}

static bool read_wholes(Draft *d, Operand *o, const OnnxTensor *t)
{
    o->numbers = numbers_new(d, t->count, true);
    int64_t *wholes = o->numbers ? malloc((t->count + 1) * sizeof *wholes) : NULL;
    bool ok = wholes && onnx_wholes(wholes, t);
    for (size_t i = 0; ok && i < t->count; i++)
        numbers_put(o->numbers, i, (double)wholes[i], (double)wholes[i]);
    free(wholes);
    return ok;
}

bool operand_tensor(Draft *d, Operand *o, const OnnxTensor *t, bool stays)
{
    *o = (Operand){.kind = OPERAND_NUMBERS, .rank = t->rank, .value = t->value};
    for (int i = 0; i < t->rank; i++) o->dim[i] = (Extent){(int)t->dim[i], false, 1};
    o->type = onnx_is_float(t->type) ? NUMBER_FLOAT : t->type == ONNX_BOOL ? NUMBER_TRUTH : NUMBER_WHOLE;
    if (o->type != NUMBER_FLOAT) return read_wholes(d, o, t);
    o->numbers = numbers_empty(d, t->count);
    if (!o->numbers) return false;
    o->numbers->tensor = t;
    bool ok = stays || numbers_load(d, o->numbers);
    if (!stays) o->numbers->tensor = NULL;
    return ok;
}

/* ---- Moving -----------------------------------------------------------------------------------------------
 */

size_t extent_count(const Extent *dim, int rank)
{
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        if (__builtin_mul_overflow(count, (size_t)dim[i].n * (size_t)dim[i].outer, &count)) return SIZE_MAX;
    return count;
}

Numbers *numbers_view(Draft *d, const Numbers *from, int rank, const int *dim, const ptrdiff_t *stride,
                      size_t start)
{
    size_t count = 1;
    int at[2 * DRAFT_RANK] = {0};
    for (int i = 0; i < rank; i++)
        if (__builtin_mul_overflow(count, (size_t)dim[i], &count)) count = SIZE_MAX / 2;
    Numbers *to = numbers_new(d, count, from->pair != NULL);
    ptrdiff_t place = (ptrdiff_t)start;
    for (size_t i = 0; to && i < count; i++) {
        numbers_put(to, i, numbers_at(from, (size_t)place, 0), numbers_at(from, (size_t)place, 1));
        for (int k = rank - 1; k >= 0; k--) {
            place += stride[k];
            if (++at[k] < dim[k]) break;
            place -= stride[k] * dim[k];
            at[k] = 0;
        }
    }
    return to;
}

static void strides_of(ptrdiff_t *stride, const Extent *dim, int rank)
{
    size_t step = 1;
    for (int i = rank - 1; i >= 0; i--) {
        stride[i] = (ptrdiff_t)step;
        step *= (size_t)dim[i].n * (size_t)dim[i].outer;
    }
}

bool fold_transpose(Draft *d, Operand *out, const Operand *a, const int *perm)
{
    int dim[DRAFT_RANK];
    ptrdiff_t stride[DRAFT_RANK], moved[DRAFT_RANK];
    if (!numbers_load(d, a->numbers)) return false;
    strides_of(stride, a->dim, a->rank);
    *out = *a;
    for (int i = 0; i < a->rank; i++) {
        out->dim[i] = a->dim[perm[i]];
        dim[i] = out->dim[i].n * out->dim[i].outer;
        moved[i] = stride[perm[i]];
    }
    out->numbers = numbers_view(d, a->numbers, a->rank, dim, moved, 0);
    return out->numbers != NULL;
}

/* ---- Folding ----------------------------------------------------------------------------------------------
 */

/* One axis of operands that broadcast; false where they do not match. */
static bool meet(Extent *out, const Extent *e)
{
    if (e->n * e->outer == 1 && !e->batch) return true;
    if (out->n * out->outer == 1 && !out->batch)
        *out = *e;
    else if (e->batch && e->n == 1 && e->outer == 1)
        out->batch = true;
    else if (out->batch && out->n == 1 && out->outer == 1 && !e->batch)
        *out = (Extent){e->n, true, 1};
    return out->n == e->n && out->outer == e->outer;
}

/* Axes of the result, and how far each operand moves along them. */
static bool spread(Draft *d, Operand *out, ptrdiff_t (*stride)[DRAFT_RANK], const Operand *const *in,
                   int operands)
{
    ptrdiff_t own[DRAFT_RANK];
    out->rank = 0;
    for (int k = 0; k < operands; k++)
        if (in[k]->rank > out->rank) out->rank = in[k]->rank;
    for (int i = 0; i < out->rank; i++) out->dim[i] = (Extent){1, false, 1};
    for (int k = 0; k < operands; k++) {
        int lead = out->rank - in[k]->rank;
        for (int i = 0; i < in[k]->rank; i++)
            if (!meet(&out->dim[lead + i], &in[k]->dim[i]))
                return draft_refuse(d, "its inputs have shapes that do not match");
    }
    for (int k = 0; k < operands; k++) {
        int lead = out->rank - in[k]->rank;
        strides_of(own, in[k]->dim, in[k]->rank);
        for (int i = 0; i < out->rank; i++)
            stride[k][i] =
                i < lead || in[k]->dim[i - lead].n * in[k]->dim[i - lead].outer == 1 ? 0 : own[i - lead];
    }
    return true;
}

/* The next place in the result moves each operand. */
static void step(size_t *place, int *at, const Operand *out, ptrdiff_t (*stride)[DRAFT_RANK], int operands)
{
    for (int i = out->rank - 1; i >= 0; i--) {
        int dim = out->dim[i].n * out->dim[i].outer;
        for (int k = 0; k < operands; k++) place[k] += (size_t)stride[k][i];
        if (++at[i] < dim) return;
        for (int k = 0; k < operands; k++) place[k] -= (size_t)(stride[k][i] * dim);
        at[i] = 0;
    }
}

static bool load_all(Draft *d, const Operand *const *in, int operands, bool *pairs)
{
    *pairs = false;
    for (int k = 0; k < operands; k++) {
        if (in[k]->kind != OPERAND_NUMBERS || !numbers_load(d, in[k]->numbers)) return false;
        *pairs |= in[k]->numbers->pair != NULL;
    }
    return true;
}

bool fold_each(Draft *d, Operand *out, const Operand *a, const Operand *b, Fold *f, const double k[2],
               NumberType type)
{
    const Operand *in[] = {a, b};
    int operands = b ? 2 : 1, at[DRAFT_RANK] = {0};
    ptrdiff_t stride[2][DRAFT_RANK];
    size_t place[2] = {0};
    bool pairs;
    *out = (Operand){.kind = OPERAND_NUMBERS, .type = type, .value = a->value};
    if (!spread(d, out, stride, in, operands) || !load_all(d, in, operands, &pairs)) return false;
    Numbers *to = out->numbers =
        numbers_new(d, extent_count(out->dim, out->rank), pairs || type != NUMBER_FLOAT);
    for (size_t i = 0; to && i < to->count; i++) {
        double y[2];
        for (int lane = 0; lane < 2; lane++)
            y[lane] =
                f(numbers_at(a->numbers, place[0], lane), b ? numbers_at(b->numbers, place[1], lane) : 0, k);
        numbers_put(to, i, y[0], y[1]);
        step(place, at, out, stride, operands);
    }
    return to != NULL;
}

bool fold_choice(Draft *d, Operand *out, const Operand *c, const Operand *a, const Operand *b)
{
    const Operand *in[] = {c, a, b};
    int at[DRAFT_RANK] = {0};
    ptrdiff_t stride[3][DRAFT_RANK];
    size_t place[3] = {0};
    bool pairs;
    *out = (Operand){.kind = OPERAND_NUMBERS, .type = a->type, .value = a->value};
    if (!spread(d, out, stride, in, 3) || !load_all(d, in, 3, &pairs)) return false;
    Numbers *to = out->numbers = numbers_new(d, extent_count(out->dim, out->rank), pairs);
    for (size_t i = 0; to && i < to->count; i++) {
        double y[2];
        for (int lane = 0; lane < 2; lane++) {
            bool first = numbers_at(c->numbers, place[0], lane) != 0;
            y[lane] = numbers_at((first ? a : b)->numbers, place[first ? 1 : 2], lane);
        }
        numbers_put(to, i, y[0], y[1]);
        step(place, at, out, stride, 3);
    }
    return to != NULL;
}

/* ---- Products ---------------------------------------------------------------------------------------------
 */

/* Of matrices or vectors, as when weights are divided by their largest singular value. */
bool fold_product(Draft *d, Operand *out, const Operand *a, const Operand *b)
{
    int M = a->rank == 2 ? a->dim[0].n : 1, K = a->dim[a->rank - 1].n, L = b->rank == 2 ? b->dim[1].n : 1;
    if (a->rank > 2 || b->rank > 2 || b->dim[0].n != K || !numbers_load(d, a->numbers) ||
        !numbers_load(d, b->numbers))
        return draft_refuse(d, "this product of constants is not read");
    d->work += (double)M * K * L;
    *out = (Operand){.kind = OPERAND_NUMBERS, .value = a->value};
    if (a->rank == 2) out->dim[out->rank++] = a->dim[0];
    if (b->rank == 2) out->dim[out->rank++] = b->dim[1];
    Numbers *to = out->numbers = numbers_new(d, (size_t)M * (size_t)L, false);
    for (size_t i = 0; to && i < to->count; i++) {
        size_t m = i / (size_t)L, l = i % (size_t)L;
        double sum = 0;
        for (size_t k = 0; k < (size_t)K; k++)
            sum +=
                numbers_at(a->numbers, m * (size_t)K + k, 0) * numbers_at(b->numbers, k * (size_t)L + l, 0);
        to->f[i] = (float)sum;
    }
    return to != NULL;
}
