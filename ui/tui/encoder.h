/* The one thread that encodes pictures, so that the UI thread never waits for it. The newest request wins. */
#pragma once
#include "tui/pixels.h"

typedef struct Encoder Encoder;

typedef struct {
    uint64_t key;
    Buf bytes; /* the taker frees */
    PixelQuality quality;
    int cells; /* of the strip */
    double ms;
} Encoded;

/* wake(arg) is called from the thread after each result. */
Encoder *encoder_new(void (*wake)(void *arg), void *arg, Err *err);
void encoder_free(Encoder *e);
/* Asks for these strips instead of whatever waits; the pictures are copied. Asking again for the same while
 * it is being worked on changes nothing. */
bool encoder_ask(Encoder *e, const PixelSpec *spec, const PixelTask *task, int n, Err *err);
/* One finished strip; false: none. */
bool encoder_take(Encoder *e, Encoded *out);
/* Something is asked for or worked on. */
bool encoder_busy(Encoder *e);
