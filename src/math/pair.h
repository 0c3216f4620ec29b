/* Functions of two numbers, and the choice between two by a third, over operands that broadcast as in NumPy.
 * Sums and products have faster loops of their own in math/act.h. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef enum {
    PAIR_SUB,
    PAIR_DIV,
    PAIR_MAX,
    PAIR_MIN,
    PAIR_POW,
    PAIR_PRELU, /* a < 0 ? a b : a */
    PAIR_EQUAL, /* truth values are 1 and 0; their slopes 0 */
    PAIR_LESS,
    PAIR_GREATER,
    PAIR_KINDS
} PairKind;

#define SPREAD_OPERANDS 3
/* The result's dimensions, outermost first, and how far each operand moves along them: 0 where it repeats. */
typedef struct {
    int rank;
    int dim[6];
    size_t stride[SPREAD_OPERANDS][6]; /* in elements */
} Spread;

/* From the operands' shapes; false when they do not match. */
bool spread_make(Spread *s, const int (*dim)[6], const int *rank, int operands);

void pair_forward(float *y, const float *a, const float *b, const Spread *s, PairKind kind);
/* Adds the gradient of operand `which` (0: a, 1: b) into d. */
void pair_backward(float *d, const float *dy, const float *a, const float *b, const Spread *s, PairKind kind,
                   int which);
/* y = c != 0 ? a : b; operands c, a, b. */
void select_forward(float *y, const float *c, const float *a, const float *b, const Spread *s);
/* Adds the gradient of operand `which` (1: a, 2: b) into d. */
void select_backward(float *d, const float *dy, const float *c, const Spread *s, int which);
/* The oracle of pairs. */
double pair_naive(double a, double b, PairKind kind);
