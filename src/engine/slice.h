/* Slice evidence: what two encoders know of the corner cases under a tag. Linear probes on the same real
 * pictures judge views around every kept one that no training has drawn; the same views for both, so that the
 * difference is paired.
 *
 * Intervals are of 95 %, by bootstrap over the kept views (2,000 resamples): views of one item are alike. */
#pragma once
#include "engine/tray.h"
#include "engine/workspace.h"
#include "learn/probe.h"

typedef struct {
    int items, views; /* kept views, and views made around them */
    Figure a, b;      /* accuracy: the class that the address asks for is seen */
    Figure gain;      /* b - a */
    bool shown;       /* the interval of the gain does not touch 0 */
} Slice;

/* items: those of w's generator with a class are used; the tray gives their tensors. each: views around one,
 * of strength sigma; an item whose source cannot be moved counts as the view it is. progress (may be NULL)
 * after every item; false cancels. */
bool slice_compare(Slice *out, const Workspace *w, Tray *tray, const TrayList *items, const Encoder *a,
                   const Encoder *b, int each, float sigma, bool (*progress)(void *ctx, int done, int n),
                   void *ctx, Pool *pool, Err *err);
