/* What several subcommands share: opening the workspace, options, figures in text and JSON, watching a
 * training. */
#pragma once
#include "cli/cli.h"
#include "engine/train_job.h"

/* Rows for tables of options. */
/* clang-format off */
#define OPTION_MODEL                                                                                         \
    {"model", OPTION_TEXT, "FILE", NULL, 0, 0, false, "Generator file (VIEWSMITH_MODEL, else the shipped one)"}
#define OPTION_DATA                                                                                          \
    {"data", OPTION_TEXT, "NAME|PATH", "", 0, 0, false,                                                    \
     "Real pictures: fashion, mnist, cifar10, a package of these, or class folders (what the model saw)"}
#define OPTION_RUNS                                                                                          \
    {"runs", OPTION_TEXT, "DIR", NULL, 0, 0, false, "Folder of the runs (~/.local/share/viewsmith/runs)"}
#define OPTION_SEED_OF(what)                                                                                 \
    {"seed", OPTION_SEED, "N", "0", 0, 0, false, what}
/* clang-format on */

/* Opens what --model, --data and --runs say, as far as the command has them; bare: without a generator. */
bool share_open(Workspace **out, const Args *a, bool bare, Err *err);
void share_put_figure(Json *o, const char *key, const Figure *f); /* key and key_ci */
/* "86.9 % [86.2, 87.5]" */
void share_figure(char out[40], const Figure *f);
/* Watches until the end, an interrupt making it save and stop; last (heap, or NULL) is the final news, kept.
 */
bool share_watch_train(Job *job, const Args *a, TrainNews **last, Err *err);
/* The keys of `probe` in design.md 9. */
void share_put_probe(Json *o, const ProbeResult *trained, const ProbeResult *untrained, const char *split);
