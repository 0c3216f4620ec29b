/* The table of layers that specs know, and of their settings. */
#include "model/spec_words.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define WINDOW " stride pad dilation groups "

static const SpecWord words[] = {
    {"linear", OP_LINEAR, SPEC_TENSORS, {".weight", "?.bias"}, "", {.axis = 0}},
    {"conv", OP_CONV, SPEC_TENSORS, {".weight", "?.bias"}, WINDOW, {.axis = 0}},
    {"convt", OP_CONVT, SPEC_TENSORS, {".weight", "?.bias"}, WINDOW " outpad ", {.axis = 0}},
    {"batchnorm",
     OP_BATCHNORM,
     SPEC_TENSORS,
     {"?.weight", "?.bias", "!.running_mean", "!.running_var"},
     " eps ",
     {.axis = 0}},
    {"instancenorm", OP_INSTANCENORM, SPEC_TENSORS, {"?.weight", "?.bias"}, " eps ", {.axis = 0}},
    {"relu", OP_ACT, SPEC_NOTHING, {NULL}, " gain ", {.act = ACT_RELU}},
    {"leaky", OP_ACT, SPEC_NOTHING, {NULL}, " slope gain ", {.act = ACT_LEAKY}},
    {"tanh", OP_ACT, SPEC_NOTHING, {NULL}, " gain ", {.act = ACT_TANH}},
    {"sigmoid", OP_ACT, SPEC_NOTHING, {NULL}, " gain ", {.act = ACT_SIGMOID}},
    {"softplus", OP_ACT, SPEC_NOTHING, {NULL}, " gain ", {.act = ACT_SOFTPLUS}},
    {"scale", OP_SCALE, SPEC_NOTHING, {NULL}, " times plus ", {.alpha = 1}},
    {"upsample", OP_UPSAMPLE, SPEC_NOTHING, {NULL}, " by bilinear ", {.axis = 0}},
    {"avgpool", OP_AVGPOOL, SPEC_NOTHING, {NULL}, " kernel stride pad ", {.axis = 0}},
    {"maxpool", OP_MAXPOOL, SPEC_NOTHING, {NULL}, " kernel stride pad ", {.axis = 0}},
    {"subsample", OP_AVGPOOL, SPEC_NOTHING, {NULL}, " stride ", {.kernel = {1, 1}}},
    {"mean", OP_MEANHW, SPEC_NOTHING, {NULL}, "", {.axis = 0}},
    {"softmax", OP_SOFTMAX, SPEC_NOTHING, {NULL}, "", {.axis = 0}},
    {"pixelnorm", OP_PIXELNORM, SPEC_NOTHING, {NULL}, " eps ", {.axis = 0}},
    {"reshape", OP_RESHAPE, SPEC_DIMS, {NULL}, "", {.axis = 0}},
    {"transpose", OP_TRANSPOSE, SPEC_DIMS, {NULL}, "", {.axis = 0}},
    {"slice", OP_SLICE, SPEC_NOTHING, {NULL}, " axis start count ", {.axis = 1}},
    {"add", OP_ADD, SPEC_VALUES, {NULL}, "", {.axis = 0}},
    {"mul", OP_MUL, SPEC_VALUES, {NULL}, "", {.axis = 0}},
    {"matmul", OP_MATMUL, SPEC_VALUES, {NULL}, "", {.axis = 0}},
    {"concat", OP_CONCAT, SPEC_VALUES, {NULL}, " axis ", {.axis = 1}},
    {"plus", OP_ADD, SPEC_TENSOR, {NULL}, "", {.axis = 0}},
    {"times", OP_MUL, SPEC_TENSOR, {NULL}, "", {.axis = 0}},
    {"constant", OP_BROADCAST, SPEC_SOURCE, {NULL}, "", {.axis = 0}},
};

const SpecWord *spec_word(const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i].word, word)) return &words[i];
    return NULL;
}

void spec_words(char *out, size_t cap)
{
    size_t at = 0;
    *out = '\0';
    for (size_t i = 0; i < sizeof words / sizeof *words && at < cap; i++)
        at += (size_t)snprintf(out + at, cap - at, "%s%s", i ? " " : "", words[i].word);
}

/* A setting of whole numbers: `n` of them in Attrs; fewer given are repeated, as one number for both axes. */
static const struct {
    const char *word;
    size_t at;
    int n;
} whole[] = {
    {"stride", offsetof(Attrs, stride), 2},  {"pad", offsetof(Attrs, pad), 4},
    {"outpad", offsetof(Attrs, out_pad), 2}, {"dilation", offsetof(Attrs, dilation), 2},
    {"groups", offsetof(Attrs, groups), 1},  {"kernel", offsetof(Attrs, kernel), 2},
    {"axis", offsetof(Attrs, axis), 1},      {"start", offsetof(Attrs, start), 1},
    {"count", offsetof(Attrs, count), 1},    {"by", offsetof(Attrs, scale), 1},
};

static const struct {
    const char *word;
    size_t at;
} real[] = {
    {"eps", offsetof(Attrs, eps)},     {"slope", offsetof(Attrs, alpha)}, {"gain", offsetof(Attrs, gain)},
    {"times", offsetof(Attrs, alpha)}, {"plus", offsetof(Attrs, gain)},
};

bool spec_setting(Attrs *a, const char *word, const double *number, int n)
{
    if (!strcmp(word, "bilinear")) return a->mode = 1, n == 0;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        if (strcmp(word, whole[i].word)) continue;
        int *to = (int *)((char *)a + whole[i].at);
        if (n != 1 && n != whole[i].n) return false;
        for (int k = 0; k < whole[i].n; k++) {
            double x = number[n == 1 ? 0 : k];
            if (!(x >= 0 && x <= 65536) || x != (int)x) return false;
            to[k] = (int)x;
        }
        return true;
    }
    for (size_t i = 0; i < sizeof real / sizeof *real; i++)
        if (!strcmp(word, real[i].word)) return *(float *)((char *)a + real[i].at) = (float)*number, n == 1;
    return false;
}
