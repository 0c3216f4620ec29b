/* What a training run can be told while it trains, in words: read, said shortly, and what holds at a step. */
#pragma once
#include "engine/workspace.h"
#include "learn/train.h"

#define COMMAND_TEXT  (ADDRESS_BYTES_MAX + 32) /* room for any command */
#define COMMAND_BRIEF 48

typedef enum {
    COMMAND_PLAIN,  /* pause, continue, stop, save */
    COMMAND_KNOB,   /* rate X, temperature X, sigma X, share X, mix X */
    COMMAND_WEIGHT, /* exclude ADDRESS, weight FACTOR ADDRESS */
    COMMAND_BACK    /* rollback STEP */
} CommandKind;

typedef struct {
    CommandKind kind;
    size_t knob; /* offset in TrainControl */
    float value;
    Weight weight;
    uint64_t step;
} TrainCommand;

/* Whether that step is kept, or the address the run's, is seen by who trains. */
bool command_read(TrainCommand *out, const char *text, Err *err);
void command_set_knob(TrainControl *c, const TrainCommand *command);
/* For a mark or a line of figures: "exclude seed 4711" instead of the whole address. */
void command_brief(char out[COMMAND_BRIEF], const char *text);

/* The figures and weights in force at a step of a run, from its settings and control.jsonl. */
typedef struct {
    TrainControl control;
    Weight weight[WEIGH_MAX];
    int weights;
} TrainForce;
/* False with ERR_FORMAT where the run's settings cannot be read. *out is large (~200 KB): not for the stack.
 */
bool train_force(TrainForce *out, const RunInfo *run, uint64_t step, Err *err);
