/* A random order of n things without a table: any place of it can be asked for by itself. */
#pragma once
#include <stdint.h>

/* Which of 0..n-1 comes at place k < n in the order named by key: a permutation for every key. */
uint64_t order_at(uint64_t k, uint64_t n, uint64_t key);
