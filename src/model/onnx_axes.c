/* Where the file's axes are in our values, whose first is the batch: reshapes and transposes move as little
 * as they can. */
#include "model/onnx_draft.h"
#include <string.h>

enum { LONGEST = 1 << 26 };

int operand_batch(const Operand *o)
{
    for (int i = 0; i < o->rank; i++)
        if (o->dim[i].batch) return i;
    return -1;
}

double extent_at(const Draft *d, const Extent *e, int lane)
{
    return (double)e->n * (e->batch ? e->outer * d->batch[lane] : 1);
}

/* In a file of a fixed batch every length is just that: nothing but z's own first axis is known to be the
 * batch. */
bool extent_of(const Draft *d, Extent *e, int64_t a, int64_t b)
{
    *e = (Extent){(int)a, false, 1};
    if (a == b) return a >= 0 && a <= LONGEST;
    int64_t one = (int64_t)d->batch[0], two = (int64_t)d->batch[1];
    if (a < 1 || a % one || b % two || a / one != b / two || a / one > LONGEST) return false;
    *e = (Extent){(int)(a / one), true, 1};
    return true;
}

bool extents_of(Draft *d, Extent *dim, const int64_t (*length)[2], int n)
{
    int batches = 0;
    for (int i = 0; i < n; i++) {
        if (!extent_of(d, &dim[i], length[i][0], length[i][1]))
            return draft_refuse(d, "a length is neither fixed nor a multiple of the batch");
        batches += dim[i].batch;
    }
    return batches <= 1 || draft_refuse(d, "the batch is in two axes of one value");
}

/* ---- The shape in the net ---------------------------------------------------------------------------------
 */

/* What stands at each place of the net's shape. */
enum { TOKEN_N = -1, TOKEN_INNER = -2, TOKEN_OUTER = -3 };

static int tokens(int *token, const Operand *o)
{
    int n = 0, b = operand_batch(o);
    token[n++] = TOKEN_N;
    if (b >= 0 && o->dim[b].n != 1) token[n++] = TOKEN_INNER;
    for (int i = 0; i < o->rank; i++) {
        if (i != b) token[n++] = i;
        if (i == b && o->dim[b].outer != 1) token[n++] = TOKEN_OUTER;
    }
    return n;
}

static int token_length(const Operand *o, int token)
{
    int b = operand_batch(o);
    if (token == TOKEN_N) return NET_BATCH;
    return token == TOKEN_INNER ? o->dim[b].n : token == TOKEN_OUTER ? o->dim[b].outer : o->dim[token].n;
}

bool operand_shape(Draft *d, Shape *out, const Operand *o)
{
    int token[DRAFT_RANK + 3], n = tokens(token, o);
    if (n > NET_RANK) return draft_refuse(d, "a value of more than %d axes is not read", NET_RANK);
    *out = (Shape){.rank = n};
    for (int i = 0; i < n; i++) out->dim[i] = token_length(o, token[i]);
    if (operand_batch(o) < 0) out->dim[0] = 1;
    return true;
}

int operand_place(const Operand *o, int axis)
{
    int token[DRAFT_RANK + 3], n = tokens(token, o);
    for (int i = 0; i < n; i++)
        if (token[i] == axis) return i;
    return -1;
}

bool operand_id(Draft *d, const Operand *o, ValueId *id)
{
    Shape shape;
    if (!operand_shape(d, &shape, o)) return false;
    *id = o->id;
    if (!shape_equal(&net_value(d->net, o->id)->shape, &shape))
        *id = draft_add(d, OP_RESHAPE, &o->id, 1, &(Attrs){.shape = shape});
    return *id != NET_NONE;
}

bool operand_plain(Draft *d, const Operand *o, int rank_least, int rank_most)
{
    if (o->kind != OPERAND_RESULT) return draft_refuse(d, "it works on constants alone, or on labels");
    if (o->rank >= rank_least && o->rank <= rank_most && o->dim[0].batch && o->dim[0].n == 1 &&
        o->dim[0].outer == 1)
        return true;
    return draft_refuse(d, "it takes %d axes of which the first is not the batch alone: this is not read",
                        o->rank);
}

bool operand_result(Draft *d, Operand *out, const Operand *o, int axis)
{
    Shape shape;
    *out = *o;
    if (o->kind == OPERAND_RESULT) return true;
    if (o->kind != OPERAND_NUMBERS)
        return draft_refuse(d, "labels of classes can only choose rows of a table");
    int b = operand_batch(o);
    if (b < 0 && (axis < 0 || axis >= o->rank || o->dim[axis].n != 1))
        return draft_refuse(d, "a constant has no axis for the batch");
    if (b < 0) out->dim[b = axis].batch = true;
    for (int i = 0; i < b; i++)
        if (o->dim[b].n * o->dim[b].outer != 1 && o->dim[i].n != 1)
            return draft_refuse(d, "a constant repeats within its batch: this is not read");
    if (!operand_shape(d, &shape, out)) return false;
    shape.dim[0] = 1;
    ValueId x = draft_param(d, o, shape);
    if (x == NET_NONE) return false;
    out->kind = OPERAND_RESULT, out->numbers = NULL;
    out->id = draft_add(d, OP_BROADCAST, &x, 1, NULL);
    return out->id != NET_NONE;
}

/* A product with ones of the new shape. */
bool operand_widen(Draft *d, Operand *o, const Extent *dim)
{
    Shape shape;
    ValueId id;
    if (!operand_id(d, o, &id)) return false;
    memcpy(o->dim, dim, (size_t)o->rank * sizeof *dim);
    if (!operand_shape(d, &shape, o)) return false;
    shape.dim[0] = 1;
    Numbers *ones = numbers_new(d, shape_count(&shape, 1), false);
    for (size_t i = 0; ones && i < ones->count; i++) numbers_put(ones, i, 1, 1);
    ValueId w = ones ? draft_constant(d, ones->f, shape, false) : NET_NONE;
    numbers_drop(d, ones);
    o->id = w == NET_NONE ? NET_NONE : draft_add(d, OP_MUL, (ValueId[]){id, w}, 2, NULL);
    return o->id != NET_NONE;
}

bool draft_first(Draft *d, Operand *x)
{
    const Operand *o = draft_in(d, 0);
    int b = operand_batch(o);
    return operand_result(d, x, o, b < 0 ? 0 : b);
}

/* ---- Transposing ------------------------------------------------------------------------------------------
 */

static bool move(Draft *d, ValueId *id, const Shape *shape, const int *perm)
{
    Attrs a = {0};
    bool still = true;
    if (!shape_equal(&net_value(d->net, *id)->shape, shape))
        *id = draft_add(d, OP_RESHAPE, id, 1, &(Attrs){.shape = *shape});
    if (*id == NET_NONE) return false;
    for (int i = 0; i < shape->rank; i++) {
        a.perm[i] = perm[i];
        still &= perm[i] == i;
    }
    if (!still) *id = draft_add(d, OP_TRANSPOSE, id, 1, &a);
    return *id != NET_NONE;
}

bool axes_transpose(Draft *d, Operand *out, const Operand *o, const int *perm)
{
    if (o->kind == OPERAND_NUMBERS) return fold_transpose(d, out, o, perm);
    int from[DRAFT_RANK + 3], to[DRAFT_RANK + 3], place[NET_RANK];
    Shape shape;
    if (!operand_shape(d, &shape, o)) return false;
    *out = *o;
    for (int i = 0; i < o->rank; i++) out->dim[i] = o->dim[perm[i]];
    tokens(from, o);
    tokens(to, out);
    for (int i = 0; i < shape.rank; i++)
        for (int k = 0; k < shape.rank; k++)
            if (from[k] == (to[i] >= 0 ? perm[to[i]] : to[i])) place[i] = k;
    return move(d, &out->id, &shape, place);
}

/* ---- Reshaping --------------------------------------------------------------------------------------------
 */

static int64_t product(const Extent *dim, int first, int end)
{
    int64_t p = 1;
    for (int i = first; i < end; i++) p = p > LONGEST ? p : p * dim[i].n * dim[i].outer;
    return p;
}

/* From (N, k, P, R) to (N, k', P, R'), where (k, R) and (k', R') are the same numbers in the same order. */
static bool regroup(Draft *d, ValueId *id, int k, int P, int R, int to_k, int to_R)
{
    const int swap[] = {0, 2, 1, 3};
    if (P == 1 || k == to_k) return true;
    return move(d, id, &(Shape){4, {NET_BATCH, k, P, R}}, swap) &&
           move(d, id, &(Shape){4, {NET_BATCH, P, to_k, to_R}}, swap);
}

/* The new axis `b` is the batch's: what is before it and after it must fit what was before and after. */
static bool fits(const Operand *o, Extent *dim, int rank, int b, int64_t length)
{
    int was = operand_batch(o);
    int64_t P = product(o->dim, 0, was) * o->dim[was].outer,
            S = product(o->dim, was + 1, o->rank) * o->dim[was].n;
    int64_t Q = product(dim, 0, b), after = product(dim, b + 1, rank);
    if (Q == 0 || after == 0 || P % Q || length < 1) return false;
    int64_t outer = P / Q;
    if (length % outer || length / outer * after != S) return false;
    dim[b] = (Extent){(int)(length / outer), true, (int)outer};
    return true;
}

/* How sure it is that axis b of a reshape is the batch's: 2 where all after it stays, 1 where nothing before
 * it is merged with it. */
static int sureness(const Operand *o, const Extent *dim, int rank, int b)
{
    int was = operand_batch(o);
    bool stays = rank - b == o->rank - was && dim[b].n == o->dim[was].n;
    for (int i = 1; stays && i < rank - b; i++) stays = dim[b + i].n == o->dim[was + i].n;
    return stays
               ? 2
               : dim[b].outer == 1 && (b + 1 < rank || rank == 1); /* no batch is merged into the last axis */
}

/* In a file of a fixed batch: the first axis of those most surely the batch's. */
static bool find_batch(const Draft *d, const Operand *o, Extent *dim, int rank)
{
    for (int sure = 2; d->fixed && sure >= 0; sure--)
        for (int b = 0; b < rank; b++) {
            Extent was = dim[b];
            if (was.n % d->fixed == 0 && fits(o, dim, rank, b, was.n / d->fixed) &&
                sureness(o, dim, rank, b) >= sure)
                return true;
            dim[b] = was;
        }
    return false;
}

bool axes_reshape(Draft *d, Operand *out, const Operand *o, const Extent *to, int rank)
{
    *out = *o;
    out->rank = rank;
    memcpy(out->dim, to, (size_t)rank * sizeof *to);
    int was = operand_batch(o), b = operand_batch(out);
    if (o->kind == OPERAND_NUMBERS) {
        if (extent_count(out->dim, rank) != extent_count(o->dim, o->rank))
            return draft_refuse(d, "the shape asked for does not hold as many numbers");
        numbers_keep(out->numbers);
        return true;
    }
    if (o->kind == OPERAND_LABEL) return true;
    bool found = b >= 0 ? fits(o, out->dim, rank, b, out->dim[b].n) : find_batch(d, o, out->dim, rank);
    if (!found)
        return draft_refuse(d, "it asks for a shape that does not keep the batch apart, or does not fit");
    b = operand_batch(out);
    int P = (int)product(o->dim, 0, was) * o->dim[was].outer;
    return regroup(d, &out->id, o->dim[was].n, P, (int)product(o->dim, was + 1, o->rank), out->dim[b].n,
                   (int)product(out->dim, b + 1, rank));
}
