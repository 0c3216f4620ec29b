/* Distances of held-out pictures to their nearest training picture, and a picture's place among them. */
#include "inspect/copies.h"
#include "base/order.h"

#include <math.h>
#include <stdlib.h>

enum { DRAW = 78, AT_ONCE = 128 };

bool copies_known(const CopyNull *z)
{
    return z->n && z->done == z->n;
}

static int by_number(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Nearest first. */
static void sort(CopyNull *z, Metric m)
{
    qsort(z->score, (size_t)z->n, sizeof *z->score, by_number);
    if (m == METRIC_EUCLID) return;
    for (int i = 0; i < z->n / 2; i++) {
        float other = z->score[i];
        z->score[i] = z->score[z->n - 1 - i];
        z->score[z->n - 1 - i] = other;
    }
}

static bool look_up(CopyNull *z, const Bank *b, Metric m, const Dataset *held, int n, Pool *pool, Err *err)
{
    size_t item = dataset_item_bytes(held);
    Neighbour hit[AT_ONCE];
    float *picture = malloc((size_t)n * item * sizeof *picture);
    if (!picture) return err_nomem(err, "held-out pictures");
    for (int i = 0; i < n; i++) {
        int at = (int)order_at((uint64_t)(z->done + i), (uint64_t)held->n, DRAW);
        image_bytes_to_float(picture + (size_t)i * item, dataset_pixels(held, at), item);
    }
    bool ok = bank_nearest(hit, b, m, picture, n, 1, pool, err);
    for (int i = 0; ok && i < n; i++) z->score[z->done++] = hit[i].score;
    free(picture);
    return ok;
}

bool copies_fill(CopyNull *z, const Bank *b, Metric m, const Dataset *held, int count, Pool *pool, Err *err)
{
    if (held->n < 1) return err_set(err, ERR_USAGE, "%s has no held-out pictures", held->name);
    if (dataset_item_bytes(held) != dataset_item_bytes(bank_dataset(b)))
        return err_set(err, ERR_USAGE, "held-out pictures are of another size than the training pictures");
    z->n = held->n < COPIES_HELD ? held->n : COPIES_HELD;
    while (count > 0 && z->done < z->n) {
        int n = z->n - z->done < AT_ONCE ? z->n - z->done : AT_ONCE;
        if (n > count) n = count;
        if (!look_up(z, b, m, held, n, pool, err)) return false;
        count -= n;
        if (z->done == z->n) sort(z, m);
    }
    return true;
}

CopyVerdict copies_judge(const CopyNull *z, Metric m, float score)
{
    int nearer = 0;
    while (nearer < z->n && metric_nearer(m, z->score[nearer], score)) nearer++;
    double median = metric_distance(m, z->score[z->n / 2]);
    CopyVerdict v = {(float)nearer / (float)z->n, (float)(metric_distance(m, score) / median), false};
    v.copied = v.nearer < COPIES_COPIED;
    return v;
}
