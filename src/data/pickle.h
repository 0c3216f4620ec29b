/* Pickles read as data: a machine of values that runs no code, imports nothing and knows what it may name.
 *
 *     Pickle p;
 *     if (!pickle_decode(&p, bytes, size, globals, what, err)) ...
 *     const PickleValue *root = pickle_root(&p);      pickle_get(&p, root, "state_dict")
 *     pickle_free(&p);
 *
 * A call in the pickle (REDUCE, NEWOBJ) becomes a value that says which call: PICKLE_CALL with the global's
 * number and its arguments. Only globals of the caller's list may be named; only the opcodes that data need
 * are known. Source: pickletools.py, protocols 0x80 2 to 5. Ours: at most 500,000 values on the stack, in
 * containers, in the memo. */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

typedef enum {
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INT,
    PICKLE_FLOAT,
    PICKLE_TEXT,
    PICKLE_TUPLE,
    PICKLE_LIST,
    PICKLE_DICT,
    PICKLE_GLOBAL,     /* a class or function by its number */
    PICKLE_CALL,       /* what calling it with the arguments would give; item 0: their tuple */
    PICKLE_PERSISTENT, /* a reference to something outside; item 0: its id */
    PICKLE_OPAQUE      /* something that nobody looks into */
} PickleKind;

typedef struct {
    PickleKind kind;
    uint32_t n; /* TEXT: bytes; TUPLE: items; GLOBAL, CALL: number of the global */
    union {
        int64_t i;        /* BOOL, INT */
        double f;         /* FLOAT */
        const char *text; /* TEXT: in the pickle's bytes, without NUL */
        uint32_t at;      /* TUPLE, CALL, PERSISTENT: first item; LIST, DICT: which */
    } as;
} PickleValue;

/* What a pickle may name. `kind` of a call of it: PICKLE_DICT (an empty dictionary), PICKLE_OPAQUE or
 * PICKLE_CALL. A row of NULLs ends the list; its rows' places are the numbers. */
typedef struct {
    const char *module, *name;
    PickleKind call;
} PickleNamed;

typedef struct PickleHeap PickleHeap;
typedef struct {
    PickleValue root;
    size_t used; /* bytes up to and with STOP */
    PickleHeap *heap;
} Pickle;

/* bytes must outlive *out. The caller ends with pickle_free; *out is empty on failure. */
bool pickle_decode(Pickle *out, const uint8_t *bytes, size_t size, const PickleNamed *named, const char *what,
                   Err *err);
void pickle_free(Pickle *p);

/* Item i < n of a tuple; item 0 of a call or a persistent id. NULL past the end. */
const PickleValue *pickle_item(const Pickle *p, const PickleValue *v, uint32_t i);
/* The value of a key, NULL when v is no dictionary or has none; the last one where it is there twice. */
const PickleValue *pickle_get(const Pickle *p, const PickleValue *v, const char *key);
bool pickle_is(const PickleValue *v, const char *text);
/* The id of reference i to something outside, in the order of the pickle, reached from the root or not; NULL
 * past the end. */
const PickleValue *pickle_reference(const Pickle *p, uint32_t i);

/* Elements of a list in order; of a dictionary key and value in turn:
 *     for (PickleIter it = pickle_first(p, dict); it.value; it = pickle_next(p, pickle_next(p, it))) */
typedef struct {
    const PickleValue *value;
    uint32_t next;
} PickleIter;
PickleIter pickle_first(const Pickle *p, const PickleValue *v);
PickleIter pickle_next(const Pickle *p, PickleIter it);
