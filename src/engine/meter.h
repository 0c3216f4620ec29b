/* Meters of views beside the screens: a thread that paints the views it is asked about, shows them to the
 * judge and tells what it saw (measure.h); between questions it embeds the real pictures, once for all on
 * this machine.
 *
 *     Meters *m = meters_new(workspace, bell, err);
 *     meters_ask(m, METER_VIEW, &address, 1, &start);
 *     MeterNews *got = (MeterNews *)meters_look(m, METER_VIEW);     the newest, whole or growing; NULL before
 *
 * Each channel holds one question: asking again drops what was under way there; lower channels go first. Once
 * the real pictures are known, and again whenever the encoder changes, every channel's last question is
 * answered anew with the same ticket. */
#pragma once
#include "engine/job.h"
#include "engine/measure.h"

enum { METER_VIEW, METER_WALL, METER_TRAY, METER_CHANNELS };
#define METERS_MAX 1024 /* addresses in one question */

typedef struct {
    News news;
    uint64_t ticket;
    int n, done; /* meter[0..done-1] are there */
    Meter *meter;
    Address *address;  /* (n) */
    char space[64];    /* "judge-fashion"; "" without an encoder */
    char data[96];     /* of the real pictures: "fashion"; "" without */
    char why[200];     /* what is missing, "" when nothing is */
    bool real;         /* realism and neighbours are known */
    int filled, total; /* real pictures embedded so far */
    Realism *reals;    /* keeps the pictures of the meters */
    Err err;           /* code other than ERR_OK: it ended here */
} MeterNews;

typedef struct Meters Meters;

/* w must outlive it. Returns at once: judge and data are opened on the thread. */
Meters *meters_new(const Workspace *w, Bell bell, Err *err);
void meters_free(Meters *m);
/* Measures in e's features from now on (kept; NULL: the judge's again). */
void meters_encoder(Meters *m, Encoder *e);
/* n is cut to METERS_MAX; list and from (may be NULL) are copied. Returns the question's ticket (from 1). */
uint64_t meters_ask(Meters *m, int channel, const Address *list, int n, const Address *from);
/* The newest answer of a channel, kept for the caller, who drops it with news_drop. */
News *meters_look(Meters *m, int channel);
/* What the judge calls a class; only after the first news. */
const char *meters_class(const Meters *m, int class);
/* True while a question is not answered; with `reals` also while real pictures are being embedded. */
bool meters_busy(Meters *m, bool reals);
