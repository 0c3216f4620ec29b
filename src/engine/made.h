/* Generated pictures as a data set, so that neighbours are found among them as among real ones: the first
 * seeds of the generator, or the views kept in the tray. A picture's label is its class, its origin the seed
 * or the item's number.
 *
 *     Made m;  made_seeds(&m, g, 4096, err);
 *     while (m.done < m.data.n) made_go(&m, latent, 64, err);      ... m.list[hit.index] is its address ...
 */
#pragma once
#include "data/dataset.h"
#include "engine/tray.h"
#include "latent/latent.h"

#define MADE_SEEDS 4096

typedef enum { AMONG_REAL, AMONG_SEEDS, AMONG_TRAY, AMONGS } Among;
const char *among_name(Among a); /* "real", "seeds", "tray" */
const char *among_says(Among a); /* "training pictures", "generated views", "views of the tray" */
bool among_named(Among *out, const char *name, Err *err);

typedef struct {
    Dataset data;
    Address *list; /* (data.n) */
    int done;      /* pictures made so far */
} Made;

/* The plain view (psi 1, as training draws it) of seed i < n, of class i % classes. */
Address made_seed(const Generator *g, int i);
/* Pictures are made by made_go. The caller ends with made_close. */
bool made_seeds(Made *out, const Generator *g, int n, Err *err);
/* What is kept in the tray and can be made by g; an empty data set where that is nothing. */
bool made_tray(Made *out, const Generator *g, Tray *t, Err *err);
/* Makes the next `count` pictures. */
bool made_go(Made *m, Latent *l, int count, Err *err);
void made_close(Made *m);
