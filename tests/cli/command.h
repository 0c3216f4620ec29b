/* Starting the program as a person does and looking at what it leaves: status, stdout, stderr, files. */
#pragma once
#include "check.h"
#include "base/file.h"
#include "base/json.h"
#include "data/dataset.h"
#include "model/tiny.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    int status;
    char out[1 << 16], err[1 << 14]; /* beginnings */
} Said;

static inline void read_text(char *text, size_t cap, const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(text, 1, cap - 1, f) : 0;
    text[n] = 0;
    if (f) fclose(f);
}

/* Runs `viewsmith ARGS`, ARGS as in a shell; the result stays until the next call. */
static inline const Said *viewsmith(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline const Said *viewsmith(const char *fmt, ...)
{
    static Said said;
    char line[8192];
    va_list list;
    int at = snprintf(line, sizeof line, "'%s' ", VIEWSMITH_PROGRAM);
    va_start(list, fmt);
    vsnprintf(line + at, sizeof line - (size_t)at, fmt, list);
    va_end(list);
    strncat(line, " >said.out 2>said.err", sizeof line - strlen(line) - 1);
    int status = system(line);
    said.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    read_text(said.out, sizeof said.out, "said.out");
    read_text(said.err, sizeof said.err, "said.err");
    return &said;
}

/* The result of a command that must succeed: stdout's last line, and only that line is JSON. The caller drops
 * it. */
static inline Json *result_of(const Said *s)
{
    Err err = {0};
    if (s->status) fail_msg("status %d: %s", s->status, s->err);
    size_t n = strlen(s->out);
    assert_true(n > 1 && s->out[n - 1] == '\n');
    assert_ptr_equal(strchr(s->out, '\n'), s->out + n - 1);
    Json *o = json_parse(s->out, n - 1, "stdout", &err);
    if (!o) fail_msg("%s: %s", err.msg, s->out);
    return o;
}

#define assert_has(text, words)                                                                              \
    do {                                                                                                     \
        if (!strstr((text), (words))) fail_msg("\"%s\" is not in: %s", words, text);                         \
    } while (0)

/* Failed with this status, one sentence on stderr with these words, nothing on stdout. */
static inline void assert_failed(const Said *s, int status, const char *words)
{
    const char *last = s->err;
    for (const char *line = s->err; (line = strchr(line, '\n')) && line[1];) last = ++line;
    if (s->status != status || strncmp(last, "viewsmith: ", 11) || !strstr(last, words))
        fail_msg("status %d, wanted %d and \"%s\": %s", s->status, status, words, s->err);
    assert_string_equal(s->out, "");
}

/* A generator of the ten classes with random weights, 8x8, and as many encoders as are wanted. NULL where it
 * fails. */
static inline Generator *small_generator(Err *err)
{
    GeneratorConfig c = tiny_config(10);
    Net *mapping = generator_mapping(&c, err), *synthesis = generator_synthesis(&c, err);
    Weights *m = tiny_weights(mapping, 5), *s = tiny_weights(synthesis, 6);
    Generator *g = NULL;
    char *name[10];
    for (int i = 0; i < 10; i++) name[i] = (char *)(uintptr_t)dataset_fashion_class[i];
    if (m && s) generator_make(&g, &c, m, s, "tiny", name, "{\"licence\":\"MIT\"}", 5, NULL, err);
    weights_drop(m);
    weights_drop(s);
    net_free(mapping);
    net_free(synthesis);
    return g;
}

static Generator *model; /* of every test: what VIEWSMITH_MODEL names */

/* A folder of its own with model.safetensors, an encoder and a judge, and nothing of the person who runs the
 * tests. */
static inline int command_setup(void **state)
{
    Err err = {0};
    char here[3000], path[3100];
    (void)state;
    if (!getcwd(here, sizeof here)) return -1;
    static const char *const own[] = {"XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        snprintf(path, sizeof path, "%s/home", here);
        setenv(own[i], path, 1);
    }
    snprintf(path, sizeof path, "%s/model.safetensors", here);
    setenv("VIEWSMITH_MODEL", path, 1);
    setenv("VIEWSMITH_THREADS", "2", 1);
    file_remove_tree("home", NULL);
    model = small_generator(&err);
    Encoder *encoder = tiny_encoder(0, 7, &err), *judge = tiny_encoder(10, 8, &err);
    bool ok = model && encoder && judge && generator_save(model, path, &err) &&
              encoder_save(encoder, "encoder.safetensors", &err) &&
              encoder_save(judge, "judge.safetensors", &err);
    encoder_drop(encoder);
    encoder_drop(judge);
    if (!ok) fprintf(stderr, "%s\n", err.msg);
    return ok ? 0 : -1;
}

static inline int command_teardown(void **state)
{
    (void)state;
    generator_drop(model);
    return 0;
}
