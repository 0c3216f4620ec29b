/* The words of specs: one row for each layer and each setting. */
#pragma once
#include "net/ops.h"

/* What stands after a layer's word, before its settings. */
typedef enum {
    SPEC_NOTHING,
    SPEC_TENSORS, /* the name that its tensors begin with */
    SPEC_TENSOR,  /* the name of one tensor, the second input */
    SPEC_SOURCE,  /* the name of one tensor, the only input */
    SPEC_VALUES,  /* names of values, further inputs */
    SPEC_DIMS     /* numbers: a shape without the batch, or a permutation */
} SpecArgument;

typedef struct {
    const char *word;
    int op;
    SpecArgument argument;
    const char *part[4];  /* SPEC_TENSORS: ends of the names, in the order of inputs; "?" before: may be
                             missing; "!": a buffer */
    const char *settings; /* words that may follow, with spaces around each */
    Attrs preset;
} SpecWord;

/* NULL when there is none. */
const SpecWord *spec_word(const char *word);
/* All words, for an error. */
void spec_words(char *out, size_t cap);
/* Sets what `word` says from n numbers; false when there is no such setting, or not with so many numbers. */
bool spec_setting(Attrs *a, const char *word, const double *number, int n);
