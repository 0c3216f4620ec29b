/* What step machines hand to the rest of the program: an immutable encoder made from weights in training, and
 * the part that opening any run's checkpoint shares. */
#pragma once
#include "data/checkpoint.h"
#include "base/json.h"
#include "learn/descent.h"
#include "model/encoder.h"

/* A copy of w, with a net of its own; the caller drops it. card: JSON text or NULL. */
bool snapshot_encoder(Encoder **out, const EncoderConfig *c, const Weights *w, const char *name,
                      const char *card, Err *err);

/* A checkpoint with "kind", "config" (JSON text) and "source" (digest of generator or data); the caller adds
 * and saves. config is taken over. NULL when out of memory. */
Checkpoint *snapshot_begin(const char *kind, Json *config, const char *source);
/* Opens path and checks its kind; *config is the parsed config. The caller frees both. */
bool snapshot_open(Checkpoint **out, Json **config, const char *path, const char *kind, char *notice,
                   size_t cap, Err *err);
/* False, naming `what`, unless the run had this source. Then the notice of descent.h is appended to notice.
 */
bool snapshot_source(const Checkpoint *ck, const char *source, const char *what, char *notice, size_t cap,
                     Err *err);
