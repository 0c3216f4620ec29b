/* Training a generator on real pictures, as a job over a folder that can be left and taken up again:
 *
 *     FOLDER/config.json  checkpoint.safetensors(.1)  log.jsonl  sheets/NNNNNNNNN.png  lock
 *
 *     Fit *fit = fit_open("fit", "fashion", SPLIT_TRAIN, 28, 1, err);   settings: fit->gan, or fit_read
 *     Job *job = fit_start(fit, bell, err);
 *
 * A killed run resumes bit-exactly from its last checkpoint. A divergence goes back there with halved rates,
 * at most FIT_FAULTS times. */
#pragma once
#include "engine/job.h"
#include "learn/gan.h"

#define FIT_FAULTS 3
#define FIT_SHEET  8 /* pictures in a row of a sheet: a row for each class, or as many rows */

typedef struct {
    char folder[3072], spec[1024];
    Split split;
    Dataset data;
    GanConfig gan;
    bool resume;      /* go on from the folder's checkpoint; without one this is an error */
    bool export_only; /* write the generator file from the checkpoint and stop */
    int threads;
    double save_seconds; /* between checkpoints */
    long sheet_images;   /* between sheets, in images seen */
    char slug[40], export_path[3072];
    char command[1024]; /* for the card: how to make it again */
} Fit;

typedef struct {
    News news;
    GanStats stats; /* means since the last news; stats.images: seen so far */
    long total;
    double images_second, left, spent; /* left: NaN until known; spent: seconds over all sessions */
    double saved_ago;                  /* seconds */
    int faults;
    char told[256]; /* the last notice: a divergence, an older checkpoint; else empty */
} FitNews;

/* Opens the data and fills in the defaults; size and channels 0: the data's own. The caller hands it to
 * fit_start or ends with fit_close. */
Fit *fit_open(const char *folder, const char *spec, Split split, int size, int channels, Err *err);
void fit_close(Fit *fit);
/* With no classes in generator or critic: labels are not looked at. */
void fit_forget_classes(Fit *fit);
/* Takes the settings of FOLDER/config.json, where the data set must be the one that is open. */
bool fit_read(Fit *fit, Err *err);
/* The data a folder's run was started with, before anything is opened. */
bool fit_peek(const char *folder, char *spec, size_t cap, Split *split, int *size, int *channels, Err *err);
/* Takes fit over. Refuses a folder with a checkpoint unless resume is set. */
Job *fit_start(Fit *fit, Bell bell, Err *err);
