/* viewsmith doctor: what this machine offers, what is missing, and one line of advice for each. */
#include "base/file.h"
#include "base/room.h"
#include "cli/share.h"
#include "engine/fact.h"
#include "math/blas.h"
#include "math/isa.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA_PACKAGE "dataset-fashion-mnist"

static const Option options[] = {OPTION_MODEL, OPTION_DATA, OPTION_RUNS, {0}};

typedef struct {
    const Args *args;
    Json *json, *advice;
    int advices;
} Report;

/* A fact; advice NULL or "": all is well. In JSON it is a member of its own, and the advice one of a list. */
static void tell(Report *r, const char *key, const char *value, const char *advice)
{
    cli_say(r->args, "%-10s %s", key, value);
    json_put_str(r->json, key, value);
    if (!advice || !*advice) return;
    cli_say(r->args, "%-10s -> %s", "", advice);
    json_add_str(r->advice, advice);
    r->advices++;
}

/* The value after "KEY : " in a file of /proc. */
static bool proc_value(char *out, size_t cap, const char *path, const char *key)
{
    char row[512];
    FILE *f = fopen(path, "r");
    bool found = false;
    while (f && !found && fgets(row, sizeof row, f)) {
        char *colon = strchr(row, ':');
        if (strncmp(row, key, strlen(key)) || !colon) continue;
        row[strcspn(row, "\n")] = 0;
        snprintf(out, cap, "%s", colon + 1 + strspn(colon + 1, " \t"));
        found = true;
    }
    if (f) fclose(f);
    return found;
}

/* --- the machine ------------------------------------------------------------------------------------------------- */

static void tell_threads(Report *r)
{
    char text[128], load[64] = "", *end = NULL;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int threads = pool_default_threads();
    FILE *f = fopen("/proc/loadavg", "r");
    double busy = f && fgets(load, sizeof load, f) ? strtod(load, &end) : 0;
    if (f) fclose(f);
    snprintf(text, sizeof text, "%d of %ld cores, load %.1f", threads, cores, busy);
    tell(r, "threads", text,
         threads > cores  ? "more threads than cores only wait for each other: lower VIEWSMITH_THREADS"
         : busy > 0.5 * (double)cores ? "other work keeps this machine busy: training takes longer and figures of bench do not count"
                          : NULL);
}

static void tell_machine(Report *r)
{
    char text[256] = "unknown", size[64];
    tell(r, "version", VIEWSMITH_VERSION, NULL);
    proc_value(text, sizeof text, "/proc/cpuinfo", "model name");
    tell(r, "cpu", text, NULL);
    Isa isa = isa_current();
    tell(r, "isa", isa_name(isa),
         getenv("VIEWSMITH_ISA")   ? "VIEWSMITH_ISA chooses it: unset it for the fastest"
         : isa == ISA_PORTABLE ? "this processor has no AVX2: everything works, several times slower"
                               : NULL);
    tell_threads(r);
    tell(r, "blas", blas_core(), NULL);
    double mb = room_memory() * 1e-6;
    if (isnan(mb)) return;
    snprintf(size, sizeof size, "%.0f MB free", mb);
    tell(r, "memory", size, mb < 1000 ? "training wants about 1 GB: choose a smaller encoder or batch" : NULL);
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static void tell_missing(Report *r, const char *key, const Err *err, const char *advice)
{
    char text[800];
    snprintf(text, sizeof text, "missing: %s", err->msg);
    tell(r, key, text, advice);
}

static void tell_generator(Report *r)
{
    Workspace *w;
    Err err = {0};
    char text[4300];
    if (!share_open(&w, r->args, false, &err)) {
        tell_missing(r, "model", &err, "give a generator with --model or VIEWSMITH_MODEL, or make one: viewsmith fit --out DIR");
        return;
    }
    const Generator *g = w->generator;
    snprintf(text, sizeof text, "%s@%s, %dx%d, %d classes, %d directions, %s", g->slug, g->digest, g->config.size, g->config.size,
             g->config.classes, g->directions, w->model);
    tell(r, "model", text, NULL);
    workspace_close(w);
}

static void tell_judge(Report *r)
{
    char path[4096], text[4300];
    Encoder *e = NULL;
    Err err = {0};
    if (file_shipped(path, sizeof path, "models/judge-fashion.safetensors", &err) && encoder_open(&e, path, &err)) {
        snprintf(text, sizeof text, "%s@%s, %d classes, %s", e->name, e->digest, e->config.classes, path);
        tell(r, "judge", text, NULL);
    } else {
        tell_missing(r, "judge", &err, "viewsmith quality needs it; make one: viewsmith judge");
    }
    encoder_drop(e);
}

static void tell_data(Report *r)
{
    const char *given = args_text(r->args, "data"), *spec = *given ? given : "fashion";
    Dataset ds = {0};
    Err err = {0};
    if (dataset_open(&ds, spec, SPLIT_TEST, dataset_is_named(spec) ? 0 : 28, 0, &err))
        tell(r, "data", ds.sentence,
             ds.subset ? "the package " DATA_PACKAGE " has all 70,000 pictures: apt-get install " DATA_PACKAGE : NULL);
    else
        tell_missing(r, "data", &err, "for Fashion-MNIST: apt-get install " DATA_PACKAGE);
    dataset_close(&ds);
}

static void tell_runs(Report *r)
{
    char path[3072], text[4300];
    RunInfo *list = NULL;
    Err err = {0};
    long n = runs_folder(path, sizeof path, args_text(r->args, "runs"), &err) ? runs_list(&list, path, &err) : -1;
    free(list);
    if (n < 0) {
        tell_missing(r, "runs", &err, "choose another folder with --runs");
        return;
    }
    double room = room_disk(path) * 1e-6;
    snprintf(text, sizeof text, "%ld in %s, room for %.0f MB", n, path, room);
    tell(r, "runs", text, room < 500 ? "little room is left for checkpoints: delete old runs with viewsmith runs" : NULL);
}

/* --- the terminal ------------------------------------------------------------------------------------------------ */

static void tell_terminal(Report *r)
{
#ifdef VS_HEADLESS
    tell(r, "terminal", "none: this is the program without one", NULL);
#else
    Fact fact[FACTS_MAX];
    int n = facts_of_terminal(fact);
    for (int i = 0; i < n; i++) tell(r, fact[i].key, fact[i].value, fact[i].advice);
#endif
}

static int doctor_command(const Args *a)
{
    Report r = {.args = a, .json = json_make(), .advice = json_make_array()};
    tell_machine(&r);
    tell_data(&r);
    tell_generator(&r);
    tell_judge(&r);
    tell_runs(&r);
    tell_terminal(&r);
    json_put(r.json, "advice", r.advice);
    if (!r.advices) cli_say(a, "All is well.");
    return cli_result(a, r.json);
}

const Command command_doctor = {
    "",
    "Reports the version, processor, kernels, threads and memory, the data and models found with\n"
    "their digests, runs, and what the terminal says it can do (:doctor shows that within the\n"
    "program, with a test card); after -> one line of advice where something could be better.",
    "  viewsmith doctor\n  viewsmith doctor --json", options, 0, 0, doctor_command};
