/* Encoders from weights in training, and the common part of run checkpoints. */
#include "learn/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool snapshot_encoder(Encoder **out, const EncoderConfig *c, const Weights *w, const char *name,
                      const char *card, Err *err)
{
    Net *net = encoder_net(c, err);
    if (!net) return false;
    Weights *copy = weights_new(net, err);
    if (copy) weights_assign(copy, w); /* the same builder lays out the same block */
    bool ok = copy && encoder_make(out, c, net, copy, name, card, err);
    if (!ok) net_free(net);
    weights_drop(copy);
    return ok;
}

Checkpoint *snapshot_begin(const char *kind, Json *config, const char *source)
{
    char *text = json_text(config);
    json_drop(config);
    Checkpoint *ck = text ? checkpoint_make() : NULL;
    checkpoint_meta(ck, "kind", kind);
    if (text) checkpoint_meta(ck, "config", text);
    checkpoint_meta(ck, "source", source);
    free(text);
    return ck;
}

static bool read_config(Json **config, const Checkpoint *ck, const char *path, const char *kind, Err *err)
{
    const char *is = checkpoint_get_meta(ck, "kind"), *text = checkpoint_get_meta(ck, "config");
    if (!is || strcmp(is, kind))
        return err_set(err, ERR_FORMAT, "%s: a checkpoint of kind \"%s\", not of \"%s\"", path,
                       is ? is : "none", kind);
    if (!text) return err_set(err, ERR_FORMAT, "%s: the field config is missing", path);
    *config = json_parse(text, strlen(text), path, err);
    return *config != NULL;
}

bool snapshot_open(Checkpoint **out, Json **config, const char *path, const char *kind, char *notice,
                   size_t cap, Err *err)
{
    Checkpoint *ck;
    if (!checkpoint_load(&ck, path, notice, cap, err)) return false;
    if (read_config(config, ck, path, kind, err)) return *out = ck, true;
    checkpoint_free(ck);
    return false;
}

bool snapshot_source(const Checkpoint *ck, const char *source, const char *what, char *notice, size_t cap,
                     Err *err)
{
    const char *was = checkpoint_get_meta(ck, "source");
    if (!was || strcmp(was, source))
        return err_set(err, ERR_USAGE,
                       "this run was made with another %s (%s, not %s): give it the same one to go on", what,
                       was ? was : "unknown", source);
    size_t n = notice ? strlen(notice) : 0;
    if (n + 2 >= cap) return true;
    if (n) notice[n++] = ' ';
    descent_notice(notice + n, cap - n, ck);
    return true;
}
