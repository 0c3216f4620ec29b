/* Opening what commands work on. */
#include "cli/open.h"
#include "base/clock.h"
#include "base/file.h"
#include "engine/jsonl.h"
#include "latent/latent.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_MAX ((size_t)1 << 20)

Pool *open_pool(Err *err)
{
    return pool_new(pool_default_threads(), 0, err);
}

bool open_address(Address *out, const Workspace *w, const char *word, Err *err)
{
    Thing t;
    if (workspace_is_address(word)) return workspace_address(out, w, word, err);
    if (!thing_open(&t, w, word, err)) return false;
    bool ok = t.kind == THING_PICTURE
                  ? t.has_address ||
                        err_set(err, ERR_USAGE, "%s carries no address: it was not saved by viewsmith", word)
                  : err_set(err, ERR_USAGE, "%s is a %s, and an address or a PNG with one is needed", word,
                            thing_kind_name(t.kind));
    if (ok) *out = t.address;
    thing_close(&t);
    return ok && latent_check(w->generator, out, err);
}

void open_add_address(Json *array, const Address *a)
{
    char text[ADDRESS_BYTES_MAX + 1];
    json_add_str(array, address_print(text, a, NULL) ? text : "");
}

bool open_log_test(const Args *a, Err *err)
{
    char folder[3072], path[3200], line[1024];
    args_line(line, sizeof line, a);
    cli_note(a, "the test images are used: for final figures, never to choose by");
    if (!file_xdg(folder, sizeof folder, XDG_STATE, err) || !file_make_folder(folder, err) ||
        !file_join(path, sizeof path, folder, "test-set.jsonl", err))
        return false;
    Json *row = json_make();
    json_put_num(row, "at", clock_wall());
    json_put_str(row, "command", line);
    return jsonl_append(path, row, err);
}

bool open_split(Split *out, const Args *a, Err *err)
{
    return dataset_split(args_text(a, "split"), out, err) && (*out != SPLIT_TEST || open_log_test(a, err));
}

bool open_dataset(Dataset *out, const Args *a, const char *spec, Split split, int side, int channels,
                  Err *err)
{
    if (!dataset_open(out, spec, split, side, channels, err)) return false;
    cli_note(a, "%s", out->sentence);
    return true;
}

/* --- encoders
 * ---------------------------------------------------------------------------------------------------- */

static void read_card(Subject *s)
{
    const char *card = s->encoder->card;
    Json *o = json_parse(card, strlen(card), "the card", NULL);
    if (!o) return;
    s->views = json_num(o, "views", json_num(o, "images_seen", NAN)); /* of a run, of a judge */
    s->seconds = json_num(o, "seconds", NAN);
    json_drop(o);
}

static bool read_run(Subject *s, const RunInfo *run, Err *err)
{
    char path[4096];
    uint8_t *bytes = NULL;
    size_t size;
    s->views = (double)run->views;
    s->seconds = run->seconds;
    if (!file_join(path, sizeof path, run->folder, "untrained.safetensors", err)) return false;
    if (file_exists(path) && !encoder_open(&s->untrained, path, err)) return false;
    if (!file_join(path, sizeof path, run->folder, "config.json", err) ||
        !file_read(path, CONFIG_MAX, &bytes, &size, err))
        return false;
    Json *o = json_parse((const char *)bytes, size, path, err);
    free(bytes);
    if (o) snprintf(s->data, sizeof s->data, "%s", json_str(o, "data", ""));
    json_drop(o);
    return o != NULL;
}

bool subject_open(Subject *out, const Workspace *w, const char *word, Err *err)
{
    Thing t;
    RunInfo run;
    *out = (Subject){.views = NAN, .seconds = NAN};
    if (word && !strcmp(word, "judge") && !file_exists(word))
        return workspace_judge(&out->encoder, w, NULL, err) && (read_card(out), true);
    if (!word && !workspace_newest_run(&run, w, err)) return false;
    if (!word) word = run.folder;
    if (!thing_open(&t, w, word, err)) return false;
    bool ok = t.kind == THING_ENCODER || t.kind == THING_RUN ||
              err_set(err, ERR_USAGE, "%s is a %s, and a run or an encoder's file is needed", word,
                      thing_kind_name(t.kind));
    if (ok && !t.encoder)
        ok = err_set(err, ERR_USAGE, "run %s has no encoder yet: it is written with the first checkpoint",
                     t.run.id);
    if (ok) {
        out->encoder = encoder_keep(t.encoder);
        read_card(out);
        ok = t.kind == THING_ENCODER || read_run(out, &t.run, err);
    }
    thing_close(&t);
    if (!ok) subject_close(out);
    return ok;
}

void subject_close(Subject *s)
{
    encoder_drop(s->encoder);
    encoder_drop(s->untrained);
    s->encoder = s->untrained = NULL;
}

const char *subject_data(const Subject *s, const Args *a, const Workspace *w)
{
    return args_given(a, "data") || !s->data[0] ? w->data : s->data;
}
