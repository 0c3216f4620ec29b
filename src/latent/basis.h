/* w in standard deviations: the coordinates in which what the generator draws is a round cloud. Learning
 * moves there, so that a step is as large as it is likely, and what never varies stays. */
#pragma once
#include "model/generator.h"

typedef struct {
    int n;         /* w_dim */
    float *row;    /* (n, n): principal components of w around its class's mean, each as long as one standard
                      deviation */
    float *square; /* (n): their squared lengths; 0 along what does not vary */
} Basis;

/* From generator_spread. The caller ends with basis_close. */
bool basis_open(Basis *out, const Generator *g, Pool *pool, Err *err);
void basis_close(Basis *b);
/* x (rows, n) = code (rows, n) in w's own coordinates, and back. */
void basis_decode(float *x, const Basis *b, const float *code, int rows);
void basis_encode(float *code, const Basis *b, const float *x, int rows);
/* The gradient of code from that of x = basis_decode(code). */
void basis_back(float *dcode, const Basis *b, const float *dx, int rows);
