/* Shapes and initialisers: small values that builders pass around. */
#include "math/map.h"
#include "net/net.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

Shape shape1(int a)
{
    return (Shape){1, {a}};
}

Shape shape2(int a, int b)
{
    return (Shape){2, {a, b}};
}

Shape shape4(int a, int b, int c, int d)
{
    return (Shape){4, {a, b, c, d}};
}

int shape_dim(const Shape *s, int i, int n)
{
    return s->dim[i] == NET_BATCH ? n : s->dim[i];
}

size_t shape_count(const Shape *s, int n)
{
    size_t count = 1;
    for (int i = 0; i < s->rank; i++)
        if (__builtin_mul_overflow(count, (size_t)shape_dim(s, i, n), &count)) return SIZE_MAX;
    return count;
}

size_t value_count(const Value *v, int n)
{
    Shape s = v->shape;
    if (v->layout == LAYOUT_MAP) s.dim[1] = map_blocks(s.dim[1]) * MAP_LANES;
    return shape_count(&s, n);
}

bool shape_equal(const Shape *a, const Shape *b)
{
    return a->rank == b->rank && !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]);
}

void shape_text(char *out, size_t cap, const Shape *s)
{
    size_t at = (size_t)snprintf(out, cap, "(");
    for (int i = 0; i < s->rank && at < cap; i++) {
        const char *gap = i ? "," : "";
        at += (size_t)(s->dim[i] == NET_BATCH ? snprintf(out + at, cap - at, "%sN", gap)
                                              : snprintf(out + at, cap - at, "%s%d", gap, s->dim[i]));
    }
    if (at < cap) snprintf(out + at, cap - at, ")");
}

Init init_zero(void)
{
    return (Init){INIT_ZERO, 0};
}

Init init_const(float x)
{
    return (Init){INIT_CONST, x};
}

Init init_normal(float std)
{
    return (Init){INIT_NORMAL, std};
}

Init init_fan_in(float scale)
{
    return (Init){INIT_FAN_IN, scale};
}

Init init_he(void)
{
    return init_fan_in(sqrtf(2));
}
