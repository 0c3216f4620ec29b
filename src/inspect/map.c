/* The plane of the two largest principal components. */
#include "inspect/map.h"
#include "math/blas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void centre(float *x, float *mean, const float *feature, int n, int D)
{
    for (int d = 0; d < D; d++) {
        double sum = 0;
        for (int i = 0; i < n; i++) sum += (double)feature[(size_t)i * (size_t)D + (size_t)d];
        mean[d] = (float)(sum / n);
    }
    for (int i = 0; i < n; i++)
        for (int d = 0; d < D; d++) {
            size_t at = (size_t)i * (size_t)D + (size_t)d;
            x[at] = feature[at] - mean[d];
        }
}

static bool axes(Map *m, const float *x, int n, Pool *pool, Err *err)
{
    size_t D = (size_t)m->D;
    float *gram = malloc(D * D * sizeof *gram);
    double *wide = malloc((2 * D * D + D) * sizeof *wide), *value = wide + 2 * D * D, *vector = wide + D * D,
           total = 0;
    bool ok = (gram && wide) || err_nomem(err, "a map");
    if (ok) {
        blas_gemm(gram, x, x, m->D, m->D, n, GEMM_TN, false, pool);
        for (size_t i = 0; i < D * D; i++) wide[i] = (double)gram[i];
        ok = blas_eigen(value, vector, wide, m->D, err);
    }
    if (ok) {
        for (size_t d = 0; d < D; d++) total += fmax(value[d], 0);
        for (size_t i = 0; i < 2 * D; i++) m->axis[i] = (float)vector[i];
        for (int a = 0; a < 2; a++) m->share[a] = total > 0 ? fmax(value[a], 0) / total : 0;
    }
    free(gram);
    free(wide);
    return ok;
}

static void box(Map *m, const float *feature, int n)
{
    for (int i = 0; i < n; i++) {
        float xy[2];
        map_place(xy, m, feature + (size_t)i * (size_t)m->D, 1);
        for (int a = 0; a < 2; a++) {
            m->low[a] = i && m->low[a] < xy[a] ? m->low[a] : xy[a];
            m->high[a] = i && m->high[a] > xy[a] ? m->high[a] : xy[a];
        }
    }
}

bool map_fit(Map *out, const float *feature, int n, int D, Pool *pool, Err *err)
{
    *out = (Map){.D = D};
    if (n < 3 || D < 2) return err_set(err, ERR_USAGE, "map: needs at least 3 images and 2 dimensions");
    float *x = malloc((size_t)n * (size_t)D * sizeof *x);
    out->mean = malloc(3 * (size_t)D * sizeof *out->mean);
    bool ok = (x && out->mean) || err_nomem(err, "a map");
    if (ok) {
        out->axis = out->mean + D;
        centre(x, out->mean, feature, n, D);
        ok = axes(out, x, n, pool, err);
    }
    if (ok)
        box(out, feature, n);
    else
        map_free(out);
    free(x);
    return ok;
}

void map_place(float *xy, const Map *m, const float *feature, int n)
{
    for (int i = 0; i < n; i++)
        for (int a = 0; a < 2; a++) {
            double sum = 0;
            for (int d = 0; d < m->D; d++) {
                double from_mean = (double)(feature[(size_t)i * (size_t)m->D + (size_t)d] - m->mean[d]);
                sum += from_mean * (double)m->axis[(size_t)a * (size_t)m->D + (size_t)d];
            }
            xy[2 * i + a] = (float)sum;
        }
}

void map_free(Map *m)
{
    free(m->mean);
    *m = (Map){0};
}
