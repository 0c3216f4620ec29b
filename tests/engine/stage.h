/* A stage for tests of engine/: a folder of its own with a tiny generator, small pictures of three classes,
 * and runs. */
#pragma once
#include "base/file.h"
#include "data/png.h"
#include "engine/workspace.h"
#include "model/tiny.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STAGE_CLASSES = 3, STAGE_EACH = 40, STAGE_SIDE = 8 };

typedef struct {
    char folder[64], model[96], data[96], runs[96];
    Workspace *w;
} Stage;

static inline void stage_picture(const char *path, int class, uint64_t seed)
{
    Image im;
    Err err = {0};
    Rng r = rng_at(seed, RNG_TEST);
    assert_ok(image_make(&im, STAGE_SIDE, STAGE_SIDE, 1, &err), err);
    for (int i = 0; i < STAGE_SIDE * STAGE_SIDE; i++)
        im.px[i] = (uint8_t)(rng_below(&r, 60) + (i / STAGE_SIDE / 2 == class ? 180 : 0));
    assert_ok(png_save(path, &im, NULL, 0, &err), err);
    image_free(&im);
}

static inline void stage_data(const char *folder)
{
    static const char *const name[STAGE_CLASSES] = {"ankle boot", "bag", "coat"};
    char path[256];
    for (int c = 0; c < STAGE_CLASSES; c++) {
        Err err = {0};
        snprintf(path, sizeof path, "%s/%s", folder, name[c]);
        assert_ok(file_make_folder(path, &err), err);
        for (int i = 0; i < STAGE_EACH; i++) {
            snprintf(path, sizeof path, "%s/%s/%03d.png", folder, name[c], i);
            stage_picture(path, c, (uint64_t)(c * STAGE_EACH + i));
        }
    }
}

/* Makes everything new under `name` in the test's working folder. */
static inline void stage_open(Stage *s, const char *name)
{
    Err err = {0};
    snprintf(s->folder, sizeof s->folder, "%s", name);
    snprintf(s->model, sizeof s->model, "%s/tiny.safetensors", name);
    snprintf(s->data, sizeof s->data, "%s/data", name);
    snprintf(s->runs, sizeof s->runs, "%s/runs", name);
    assert_ok(file_remove_tree(name, &err) && file_make_folder(name, &err), err);
    stage_data(s->data);
    Generator *g = tiny_generator(STAGE_CLASSES, 7, NULL, &err);
    assert_ok(g && generator_save(g, s->model, &err), err);
    generator_drop(g);
    WorkspaceOptions o = {s->model, s->data, s->runs};
    assert_ok(workspace_open(&s->w, &o, &err), err);
}

static inline void stage_close(Stage *s)
{
    workspace_close(s->w);
}
