/* What is open: the generator, where data and runs come from; and what a word on the command line or a paste
 * means.
 *
 *     Workspace *w;  workspace_open(&w, &(WorkspaceOptions){.model = NULL}, err);       the shipped model
 *     Thing t;       thing_open(&t, w, "0007", err);     ...     thing_close(&t);
 */
#pragma once
#include "data/dataset.h"
#include "data/image.h"
#include "engine/runs.h"
#include "latent/address.h"
#include "model/encoder.h"
#include "model/generator.h"

typedef struct {
    const char
        *model; /* a generator file, or the name of a shipped one ("cifar10" is models/cifar10.safetensors);
                   NULL: VIEWSMITH_MODEL, else the shipped models/fashion.safetensors */
    const char
        *data; /* as dataset_open wants it; NULL or "": what the generator's card says, else "fashion" */
    const char *runs; /* NULL: runs/ in the program's data folder */
} WorkspaceOptions;

typedef struct {
    Generator *generator;
    char model[3072], data[1024], runs[3072];
} Workspace;

/* The caller ends with workspace_close. */
bool workspace_open(Workspace **out, const WorkspaceOptions *o, Err *err);
/* Without a generator: for what needs only data and runs. generator is then NULL. */
bool workspace_open_bare(Workspace **out, const WorkspaceOptions *o, Err *err);
void workspace_close(Workspace *w);

/* Real pictures as the generator makes them (its size and channels; without a generator the data's own). */
bool workspace_dataset(Dataset *out, const Workspace *w, Split split, Err *err);
/* The encoder of an encoder file or of a run, and its untrained twin where wanted (untrained may be NULL;
 * *untrained is NULL for a file without one). NULL or "" as `what`: the newest run that has one. The caller
 * drops both. */
bool workspace_encoder(Encoder **out, Encoder **untrained, const Workspace *w, const char *what, Err *err);
/* The judge: an encoder with labels, in whose features views and generators are measured. NULL as `path`:
 * VIEWSMITH_JUDGE, else the shipped one of the data that w is about, models/judge-DATA.safetensors (w NULL:
 * fashion). The caller drops it. */
bool workspace_judge(Encoder **out, const Workspace *w, const char *path, Err *err);
/* The newest run that has an encoder. */
bool workspace_newest_run(RunInfo *out, const Workspace *w, Err *err);
/* An address in full, or "seed=4711/class=7/psi=0.7" as short for one of the open generator, whose classes may be
 * named there: class=bag. Checked against it. */
bool workspace_address(Address *out, const Workspace *w, const char *text, Err *err);
/* It reads like an address, full or short, and there is no file of that name. */
bool workspace_is_address(const char *word);
/* A class of the generator by number or name; -1 for NULL or "all". */
bool workspace_class(int *class, const Workspace *w, const char *text, Err *err);

typedef enum { THING_ADDRESS, THING_PICTURE, THING_GENERATOR, THING_ENCODER, THING_RUN } ThingKind;

typedef struct {
    ThingKind kind;
    char path[3072]; /* of the file or the run's folder; "" for an address */
    Address address; /* THING_ADDRESS, and THING_PICTURE with has_address */
    bool has_address;
    Image picture; /* THING_PICTURE, as it is in the file */
    Generator *generator;
    Encoder *encoder; /* of a run: NULL when it has none yet */
    RunInfo run;
} Thing;

/* Tells what text is and opens it: an address, a picture (with the address it carries, if any), a model file,
 * a run by id, name or folder. An address' model is not checked here. The caller ends with thing_close. */
bool thing_open(Thing *out, const Workspace *w, const char *text, Err *err);
void thing_close(Thing *t);
const char *thing_kind_name(ThingKind kind);
