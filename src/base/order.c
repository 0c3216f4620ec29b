/* Orders as a cipher on 0..n-1. */
#include "base/order.h"
#include "base/rng.h"

/* Four Feistel rounds on the next even number of bits, walked until the result is below n (Black & Rogaway
 * 2002). */
uint64_t order_at(uint64_t k, uint64_t n, uint64_t key)
{
    int half = 1;
    while (half < 32 && ((uint64_t)1 << (2 * half)) < n) half++;
    uint64_t mask = ((uint64_t)1 << half) - 1;
    do {
        for (uint64_t round = 0; round < 4; round++) {
            uint64_t low = k & mask, high = k >> half;
            k = low << half | (high ^ (rng_mix(key + round, low) & mask));
        }
    } while (k >= n);
    return k;
}
