/* The tray: views worth keeping, with tags, a note, where they came from and how they look, in one SQLite
 * file.
 *
 *     Tray *t;  tray_open(&t, NULL, err);
 *     tray_add(&added, t, &address, "heel worn", NULL, parent, err);      kept as #12
 *     TrayList list;  tray_list(&list, t, &(TrayFilter){.tag = "heel", .states = TRAY_MASK(TRAY_KEPT)}, err);
 *     ...   tray_list_free(&list);   tray_close(t);
 *
 * An item is an address in its canonical text, once. The tray also holds the tensors that its addresses refer
 * to, so it can be carried to another machine. Several programs may have one open at a time: every call is
 * one transaction. A Tray belongs to one thread; another thread opens the file again. */
#pragma once
#include "data/image.h"
#include "latent/address.h"
#include "latent/store.h"

#define TRAY_TAG_MAX  47   /* bytes of one tag */
#define TRAY_TAGS_MAX 511  /* bytes of all tags of an item, a blank between them */
#define TRAY_NOTE_MAX 1023 /* bytes */
#define TRAY_SIDE_MAX 128  /* pixels of a stored picture's longer side */
/* Cosine of the judge's features from which two views count as near-duplicates. Of 1,000 plain views about 15
 * have such a neighbour; half of the views moved by a latent view of strength 0.05 stay that near. */
#define TRAY_NEAR 0.999f

typedef struct Tray Tray;

typedef enum { TRAY_KEPT, TRAY_CANDIDATE, TRAY_DROPPED, TRAY_STATES } TrayState;
#define TRAY_MASK(state) (1u << (state))
const char *tray_state_name(TrayState s); /* "kept", "candidate", "dropped" */

typedef struct {
    int64_t id; /* from 1, never used again */
    TrayState state;
    const char *address;       /* canonical text */
    const char *tags;          /* sorted, a blank between them; "" for none */
    const char *note, *parent; /* parent: the address it was made from; "" for none */
    const char *origin;        /* what found it: "like heel"; "" for a person's own hand */
    double created;            /* seconds since 1970 */
    int class;                 /* the address's, -1: none */
    int64_t near;              /* an earlier kept item that looks the same, 0: none */
    float nearness;            /* cosine of the two, NaN: none */
    float score, realism;      /* of a found one, NaN: unknown */
    Image picture;             /* empty until it was made */
} TrayItem;

typedef struct {
    TrayItem *item;
    int n;
} TrayList;

typedef struct {
    const char *tag;   /* items with this tag; NULL: all */
    const char *words; /* each word begins a tag or stands in the note, "-word" does not; "#12": that item.
                          NULL: all */
    unsigned states;   /* TRAY_MASK of each wanted; 0: kept */
} TrayFilter;

typedef struct {
    char name[TRAY_TAG_MAX + 1];
    int n; /* kept items with it */
} TrayTag;

typedef struct {
    int64_t id;
    bool was; /* it was kept before: tags were added, a note replaced */
} TrayAdded;

/* path NULL: VIEWSMITH_TRAY, else tray.sqlite in the program's data folder. Makes the file, or brings an
 * older one up to date. A file that is no tray, is damaged or was written by a newer program is refused and
 * left as it is. */
bool tray_open(Tray **out, const char *path, Err *err);
/* The file that tray_open(NULL) would take is there already. */
bool tray_exists(void);
void tray_close(Tray *t);
const char *tray_path(const Tray *t);
/* Where tensors are taken from when a view is added, and put back; NULL: the default store. */
bool tray_store(Tray *t, const char *folder, Err *err);

/* Keeps a view: a new one, a candidate or a dropped one becomes kept. tags: words with blanks or commas
 * between, note and parent: any may be NULL. out may be NULL. */
bool tray_add(TrayAdded *out, Tray *t, const Address *a, const char *tags, const char *note,
              const char *parent, Err *err);
/* A candidate that a search found; an address that is there already stays as it is (out->was). */
typedef struct {
    const Address *address;
    const char *origin, *parent, *tags; /* any may be NULL; the tags are its own once it is kept */
    float score, realism;
} TrayFound;
bool tray_found(TrayAdded *out, Tray *t, const TrayFound *f, Err *err);

/* All that fits, oldest first. The caller ends with tray_list_free. */
bool tray_list(TrayList *out, Tray *t, const TrayFilter *f, Err *err);
void tray_list_free(TrayList *list);
/* One item as a list of one; refused, naming it, when there is no such item. */
bool tray_get(TrayList *out, Tray *t, int64_t id, Err *err);
/* The address of "#12", an item of the tray that tray_open(NULL) would take; its tensors are put into the
 * store. */
bool tray_address(Address *out, const char *text, Err *err);
/* The kept item of an address as a list of one, or an empty list. */
bool tray_find(TrayList *out, Tray *t, const Address *a, Err *err);
/* The tags of kept items, most used first. *out is malloc'ed (caller frees); -1 on error. */
int tray_tags(TrayTag **out, Tray *t, Err *err);

/* "heel -worn": adds heel, takes worn away. */
bool tray_tag(Tray *t, int64_t id, const char *words, Err *err);
bool tray_note(Tray *t, int64_t id, const char *note, Err *err);
/* Keeps a candidate, drops, or takes a drop back. *was (may be NULL): the state before. */
bool tray_state(TrayState *was, Tray *t, int64_t id, TrayState state, Err *err);

/* Grows with every change, by this or another program: whoever shows the tray looks again then. */
uint64_t tray_changes(Tray *t);

/* --- looks and tensors
 * ---------------------------------------------------------------------------------------- */

/* Items after `after` without a picture, or without features in `space` (a judge's digest, "": none wanted):
 * ids oldest first, at most max; how many, -1 on error. Those of another model (digest) and dropped ones are
 * passed over. */
int tray_plain(int64_t *id, Address *address, Tray *t, int64_t after, const char *space, const char *digest,
               int max, Err *err);
/* Stores how an item looks: its picture (made smaller where it is large) and unit features (dim) in a space,
 * and notes the nearest earlier kept item from TRAY_NEAR on. */
bool tray_look(Tray *t, int64_t id, const Image *picture, const char *space, const float *features, int dim,
               Err *err);
/* The features of an item in a space, *x malloc'ed (caller frees); *x NULL where they are not known yet. */
bool tray_features(float **x, int *dim, Tray *t, int64_t id, const char *space, Err *err);
/* Puts the tensors that an address refers to, as far as the tray has them, back into the store. */
bool tray_supply(Tray *t, const Address *a, Err *err);
