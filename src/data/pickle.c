/* The pickle machine: a stack of values, a memo, and one table of the opcodes that data are written with. */
#include "data/pickle.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 500000, MARKS_MAX = 10000, PROTOCOL_MAX = 5 };

/* An element of a tuple (those lie side by side) or of a list or dictionary (those are chained). Cell 0 is
 * nobody's: it ends chains. */
typedef struct {
    PickleValue value;
    uint32_t next;
} PickleCell;

typedef struct {
    uint32_t first, last;
} Chain;

typedef struct {
    void *at;
    uint32_t n, cap;
} Room;

struct PickleHeap {
    Room cells, chains, references;
};

typedef struct Machine Machine;
struct Machine {
    Pickle *p;
    const uint8_t *bytes, *end, *at, *start; /* start: of the opcode at hand */
    const PickleNamed *named;
    const char *what;
    Err *err;
    Room stack, memo, marks;
    bool stopped;
};

static bool refuse(const Machine *m, const char *why)
{
    return err_set(m->err, ERR_FORMAT, "%s: pickle, byte %zu: %s", m->what, (size_t)(m->start - m->bytes),
                   why);
}
#define refuse(...) err_false(refuse(__VA_ARGS__)) /* see base/err.h */

/* Room for `more` elements behind those there are. */
static bool room_for(const Machine *m, Room *r, uint32_t more, size_t size, uint32_t most)
{
    if (more > most || r->n > most - more) return refuse(m, "it holds more values than any model needs");
    if (r->n + more <= r->cap) return true;
    uint32_t cap = r->cap ? r->cap : 64;
    while (cap < r->n + more) cap *= 2;
    void *grown = realloc(r->at, cap * size);
    if (!grown) return err_nomem(m->err, "a pickle");
    r->at = grown;
    r->cap = cap;
    return true;
}

/* ---- Stack, cells and chains ------------------------------------------------------------------------ */

static PickleValue *stack_of(const Machine *m)
{
    return m->stack.at;
}

static bool push(Machine *m, PickleValue v)
{
    if (!room_for(m, &m->stack, 1, sizeof v, VALUES_MAX)) return false;
    stack_of(m)[m->stack.n++] = v;
    return true;
}

/* Values above the last mark, which is where an opcode may reach. */
static uint32_t depth(const Machine *m)
{
    return m->stack.n - (m->marks.n ? ((uint32_t *)m->marks.at)[m->marks.n - 1] : 0);
}

static bool pop(Machine *m, PickleValue *v)
{
    if (!depth(m)) return refuse(m, "its stack is empty");
    *v = stack_of(m)[--m->stack.n];
    return true;
}

/* Takes everything above the last mark off: *n values that stay where they are until the next push. */
static bool pop_mark(Machine *m, const PickleValue **v, uint32_t *n)
{
    if (!m->marks.n) return refuse(m, "it looks for a mark that was never set");
    *n = depth(m);
    m->stack.n -= *n;
    *v = stack_of(m) + m->stack.n;
    m->marks.n--;
    return true;
}

static PickleCell *cells_of(const Machine *m)
{
    return m->p->heap->cells.at;
}

/* n cells side by side with these values; *at is the first. */
static bool put_cells(Machine *m, uint32_t *at, const PickleValue *v, uint32_t n)
{
    Room *r = &m->p->heap->cells;
    if (!room_for(m, r, n, sizeof(PickleCell), VALUES_MAX)) return false;
    *at = r->n;
    for (uint32_t i = 0; i < n; i++) cells_of(m)[r->n++] = (PickleCell){v[i], 0};
    return true;
}

static bool push_tuple(Machine *m, const PickleValue *v, uint32_t n)
{
    PickleValue t = {.kind = PICKLE_TUPLE, .n = n};
    return put_cells(m, &t.as.at, v, n) && push(m, t);
}

/* A value that has one item. */
static bool push_around(Machine *m, PickleKind kind, uint32_t number, const PickleValue *item)
{
    PickleValue v = {.kind = kind, .n = number};
    return put_cells(m, &v.as.at, item, 1) && push(m, v);
}

static bool push_chain(Machine *m, PickleKind kind)
{
    Room *r = &m->p->heap->chains;
    if (!room_for(m, r, 1, sizeof(Chain), VALUES_MAX)) return false;
    ((Chain *)r->at)[r->n] = (Chain){0};
    return push(m, (PickleValue){.kind = kind, .as.at = r->n++});
}

/* Onto the container on top of the stack; whatever is built into an opaque value is forgotten. */
static bool extend(Machine *m, PickleKind kind, const PickleValue *v, uint32_t n)
{
    if (!depth(m)) return refuse(m, "it adds to nothing");
    PickleValue to = stack_of(m)[m->stack.n - 1];
    uint32_t at;
    if (to.kind == PICKLE_OPAQUE) return true;
    if (to.kind != kind) return refuse(m, "it adds to something that is no list and no dictionary");
    if (kind == PICKLE_DICT && n % 2) return refuse(m, "a key has no value");
    if (!n) return true;
    if (!put_cells(m, &at, v, n)) return false;
    Chain *c = (Chain *)m->p->heap->chains.at + to.as.at;
    for (uint32_t i = 0; i + 1 < n; i++) cells_of(m)[at + i].next = at + i + 1;
    if (c->last)
        cells_of(m)[c->last].next = at;
    else
        c->first = at;
    c->last = at + n - 1;
    return true;
}

/* ---- Reading arguments ------------------------------------------------------------------------------ */

static bool take(Machine *m, const uint8_t **from, uint64_t n)
{
    if (n > (uint64_t)(m->end - m->at)) return refuse(m, "it ends within an opcode");
    *from = m->at;
    m->at += n;
    return true;
}

static bool take_number(Machine *m, uint64_t *x, int bytes)
{
    const uint8_t *from = NULL;
    *x = 0;
    if (!take(m, &from, (uint64_t)bytes)) return false;
    for (int i = 0; i < bytes; i++) *x |= (uint64_t)from[i] << (8 * i);
    return true;
}

static bool push_int(Machine *m, int64_t x)
{
    return push(m, (PickleValue){.kind = PICKLE_INT, .as.i = x});
}

static bool take_line(Machine *m, PickleValue *v)
{
    const uint8_t *newline = memchr(m->at, '\n', (size_t)(m->end - m->at));
    if (!newline || newline - m->at > 200) return refuse(m, "a name does not end");
    *v = (PickleValue){.kind = PICKLE_TEXT, .n = (uint32_t)(newline - m->at), .as.text = (const char *)m->at};
    m->at = newline + 1;
    return true;
}

/* ---- Opcodes ---------------------------------------------------------------------------------------- */

/* Each takes what its row of the table says: a number of bytes, a kind, a count. */

static bool op_proto(Machine *m, int bytes)
{
    uint64_t version;
    if (!take_number(m, &version, bytes)) return false;
    return version <= PROTOCOL_MAX || refuse(m, "its protocol is newer than 5");
}

static bool op_frame(Machine *m, int bytes)
{
    uint64_t size;
    if (!take_number(m, &size, bytes)) return false;
    return size <= (uint64_t)(m->end - m->at) || refuse(m, "a frame is longer than the pickle");
}

static bool op_none(Machine *m, int unused)
{
    (void)unused;
    return push(m, (PickleValue){.kind = PICKLE_NONE});
}

static bool op_bool(Machine *m, int value)
{
    return push(m, (PickleValue){.kind = PICKLE_BOOL, .as.i = value});
}

static bool op_int(Machine *m, int bytes)
{
    uint64_t x;
    return take_number(m, &x, bytes) && push_int(m, bytes == 4 ? (int32_t)(uint32_t)x : (int64_t)x);
}

/* What fits 64 bits is a number; the rest nobody asks for. */
static bool op_long(Machine *m, int bytes)
{
    uint64_t n, x = 0;
    const uint8_t *from = NULL;
    if (!take_number(m, &n, bytes) || !take(m, &from, n)) return false;
    if (n > 8) return push(m, (PickleValue){.kind = PICKLE_OPAQUE});
    for (uint64_t i = 0; i < n; i++) x |= (uint64_t)from[i] << (8 * i);
    if (n && n < 8 && from[n - 1] & 0x80) x |= ~0ull << (8 * n);
    return push_int(m, (int64_t)x);
}

static bool op_float(Machine *m, int bytes)
{
    const uint8_t *from = NULL;
    uint64_t bits = 0;
    PickleValue v = {.kind = PICKLE_FLOAT};
    if (!take(m, &from, (uint64_t)bytes)) return false;
    for (int i = 0; i < bytes; i++) bits = bits << 8 | from[i];
    memcpy(&v.as.f, &bits, sizeof bits);
    return push(m, v);
}

/* Text or bytes behind a length of that many bytes. */
static bool op_text(Machine *m, int bytes)
{
    uint64_t n;
    const uint8_t *from = NULL;
    if (!take_number(m, &n, bytes) || !take(m, &from, n)) return false;
    if (n > UINT32_MAX) return refuse(m, "a text is too long");
    return push(m, (PickleValue){.kind = PICKLE_TEXT, .n = (uint32_t)n, .as.text = (const char *)from});
}

static bool op_mark(Machine *m, int unused)
{
    (void)unused;
    if (!room_for(m, &m->marks, 1, sizeof(uint32_t), MARKS_MAX)) return false;
    ((uint32_t *)m->marks.at)[m->marks.n++] = m->stack.n;
    return true;
}

static bool op_pop(Machine *m, int to_mark)
{
    PickleValue v;
    const PickleValue *values;
    uint32_t n;
    return to_mark ? pop_mark(m, &values, &n) : pop(m, &v);
}

/* The top n values as a tuple. */
static bool op_tuple(Machine *m, int n)
{
    if (depth(m) < (uint32_t)n) return refuse(m, "its stack is empty");
    m->stack.n -= (uint32_t)n;
    return push_tuple(m, stack_of(m) + m->stack.n, (uint32_t)n);
}

static bool op_tuple_to_mark(Machine *m, int unused)
{
    const PickleValue *v;
    uint32_t n;
    (void)unused;
    return pop_mark(m, &v, &n) && push_tuple(m, v, n);
}

static bool op_container(Machine *m, int kind)
{
    return push_chain(m, (PickleKind)kind);
}

/* A value, or a key and its value, onto a container; with a mark any number of them. */
static bool op_add(Machine *m, int kind)
{
    PickleValue v[2];
    int n = kind == PICKLE_DICT ? 2 : 1;
    for (int i = n; i-- > 0;)
        if (!pop(m, &v[i])) return false;
    return extend(m, (PickleKind)kind, v, (uint32_t)n);
}

static bool op_add_to_mark(Machine *m, int kind)
{
    const PickleValue *v;
    uint32_t n;
    return pop_mark(m, &v, &n) && extend(m, (PickleKind)kind, v, n);
}

/* Without bytes to say where: behind what is remembered already. */
static bool op_put(Machine *m, int bytes)
{
    uint64_t at = m->memo.n;
    if (bytes && !take_number(m, &at, bytes)) return false;
    if (!depth(m)) return refuse(m, "it remembers nothing");
    if (at >= VALUES_MAX) return refuse(m, "it remembers more values than any model needs");
    uint32_t more = at >= m->memo.n ? (uint32_t)at + 1 - m->memo.n : 0;
    if (!room_for(m, &m->memo, more, sizeof(PickleValue), VALUES_MAX)) return false;
    PickleValue *memo = m->memo.at;
    for (; more; more--) memo[m->memo.n++] = (PickleValue){.kind = PICKLE_OPAQUE};
    memo[at] = stack_of(m)[m->stack.n - 1];
    return true;
}

static bool op_get(Machine *m, int bytes)
{
    uint64_t at;
    if (!take_number(m, &at, bytes)) return false;
    if (at >= m->memo.n) return refuse(m, "it recalls what it never remembered");
    return push(m, ((PickleValue *)m->memo.at)[at]);
}

/* ---- Names and calls -------------------------------------------------------------------------------- */

static bool named(Machine *m, const PickleValue *module, const PickleValue *name)
{
    for (uint32_t i = 0; m->named[i].module; i++)
        if (pickle_is(module, m->named[i].module) && pickle_is(name, m->named[i].name))
            return push(m, (PickleValue){.kind = PICKLE_GLOBAL, .n = i});
    if (module->kind != PICKLE_TEXT || name->kind != PICKLE_TEXT) return refuse(m, "a name is no text");
    return err_set(m->err, ERR_FORMAT,
                   "%s: it asks for the Python object %.*s.%.*s, and nothing in a file is run: save the "
                   "state_dict instead of "
                   "the module, or export ONNX",
                   m->what, (int)(module->n < 80 ? module->n : 80), module->as.text,
                   (int)(name->n < 80 ? name->n : 80), name->as.text);
}

static bool op_global(Machine *m, int unused)
{
    (void)unused;
    PickleValue module, name;
    return take_line(m, &module) && take_line(m, &name) && named(m, &module, &name);
}

static bool op_stack_global(Machine *m, int unused)
{
    (void)unused;
    PickleValue module, name;
    return pop(m, &name) && pop(m, &module) && named(m, &module, &name);
}

static bool op_reduce(Machine *m, int unused)
{
    (void)unused;
    PickleValue args, of;
    if (!pop(m, &args) || !pop(m, &of)) return false;
    if (of.kind != PICKLE_GLOBAL || args.kind != PICKLE_TUPLE)
        return refuse(m, "it calls what cannot be called");
    PickleKind kind = m->named[of.n].call;
    if (kind == PICKLE_DICT) return push_chain(m, PICKLE_DICT);
    return kind == PICKLE_OPAQUE ? push(m, (PickleValue){.kind = PICKLE_OPAQUE})
                                 : push_around(m, PICKLE_CALL, of.n, &args);
}

static bool op_persistent(Machine *m, int unused)
{
    (void)unused;
    PickleValue id;
    Room *r = &m->p->heap->references;
    if (!pop(m, &id) || !push_around(m, PICKLE_PERSISTENT, 0, &id)) return false;
    if (!room_for(m, r, 1, sizeof(uint32_t), VALUES_MAX)) return false;
    ((uint32_t *)r->at)[r->n++] = stack_of(m)[m->stack.n - 1].as.at;
    return true;
}

/* Attributes of an object, none of which is a tensor of a state dict. */
static bool op_build(Machine *m, int unused)
{
    (void)unused;
    PickleValue state;
    return pop(m, &state) && (depth(m) || refuse(m, "it builds nothing"));
}

static bool op_stop(Machine *m, int unused)
{
    (void)unused;
    m->stopped = true;
    return pop(m, &m->p->root);
}

static const struct {
    bool (*run)(Machine *m, int what);
    int what;
} opcodes[256] = {
    [0x80] = {op_proto, 1},
    [0x95] = {op_frame, 8},
    ['N'] = {op_none, 0},
    [0x88] = {op_bool, 1},
    [0x89] = {op_bool, 0},
    ['K'] = {op_int, 1},
    ['M'] = {op_int, 2},
    ['J'] = {op_int, 4},
    [0x8a] = {op_long, 1},
    [0x8b] = {op_long, 4},
    ['G'] = {op_float, 8},
    [0x8c] = {op_text, 1},
    ['X'] = {op_text, 4},
    [0x8d] = {op_text, 8},
    ['U'] = {op_text, 1},
    ['T'] = {op_text, 4},
    ['C'] = {op_text, 1},
    ['B'] = {op_text, 4},
    [0x8e] = {op_text, 8},
    ['('] = {op_mark, 0},
    ['0'] = {op_pop, 0},
    ['1'] = {op_pop, 1},
    [')'] = {op_tuple, 0},
    [0x85] = {op_tuple, 1},
    [0x86] = {op_tuple, 2},
    [0x87] = {op_tuple, 3},
    ['t'] = {op_tuple_to_mark, 0},
    [']'] = {op_container, PICKLE_LIST},
    [0x8f] = {op_container, PICKLE_LIST},
    ['}'] = {op_container, PICKLE_DICT},
    ['a'] = {op_add, PICKLE_LIST},
    ['s'] = {op_add, PICKLE_DICT},
    ['e'] = {op_add_to_mark, PICKLE_LIST},
    [0x90] = {op_add_to_mark, PICKLE_LIST},
    ['u'] = {op_add_to_mark, PICKLE_DICT},
    [0x94] = {op_put, 0},
    ['q'] = {op_put, 1},
    ['r'] = {op_put, 4},
    ['h'] = {op_get, 1},
    ['j'] = {op_get, 4},
    ['c'] = {op_global, 0},
    [0x93] = {op_stack_global, 0},
    ['R'] = {op_reduce, 0},
    [0x81] = {op_reduce, 0},
    ['Q'] = {op_persistent, 0},
    ['b'] = {op_build, 0},
    ['.'] = {op_stop, 0},
};

static bool step(Machine *m)
{
    m->start = m->at;
    if (m->at == m->end) return refuse(m, "it does not end");
    int code = *m->at++;
    if (opcodes[code].run) return opcodes[code].run(m, opcodes[code].what);
    return err_set(m->err, ERR_FORMAT,
                   "%s: pickle, byte %zu: opcode 0x%02x is none that tensors need, and none other is known",
                   m->what, (size_t)(m->start - m->bytes), (unsigned)code);
}

bool pickle_decode(Pickle *out, const uint8_t *bytes, size_t size, const PickleNamed *globals,
                   const char *what, Err *err)
{
    Machine m = {.p = out,
                 .bytes = bytes,
                 .at = bytes,
                 .start = bytes,
                 .end = bytes + size,
                 .named = globals,
                 .what = what,
                 .err = err};
    *out = (Pickle){.heap = calloc(1, sizeof *out->heap)};
    bool ok = out->heap || err_nomem(err, "a pickle");
    uint32_t nobody;
    ok = ok && room_for(&m, &m.stack, 1, sizeof(PickleValue), VALUES_MAX) &&
         put_cells(&m, &nobody, &(PickleValue){.kind = PICKLE_NONE}, 1);
    while (ok && !m.stopped) ok = step(&m);
    free(m.stack.at);
    free(m.memo.at);
    free(m.marks.at);
    out->used = (size_t)(m.at - bytes);
    if (!ok) pickle_free(out);
    return ok;
}

void pickle_free(Pickle *p)
{
    if (p->heap) {
        free(p->heap->cells.at);
        free(p->heap->chains.at);
        free(p->heap->references.at);
    }
    free(p->heap);
    *p = (Pickle){0};
}

/* ---- Looking into it -------------------------------------------------------------------------------- */

static const PickleCell *cell(const Pickle *p, uint32_t i)
{
    return (const PickleCell *)p->heap->cells.at + i;
}

const PickleValue *pickle_item(const Pickle *p, const PickleValue *v, uint32_t i)
{
    bool one = v->kind == PICKLE_CALL || v->kind == PICKLE_PERSISTENT;
    return i < (one ? 1 : v->kind == PICKLE_TUPLE ? v->n : 0) ? &cell(p, v->as.at + i)->value : NULL;
}

const PickleValue *pickle_reference(const Pickle *p, uint32_t i)
{
    const Room *r = &p->heap->references;
    return i < r->n ? &cell(p, ((const uint32_t *)r->at)[i])->value : NULL;
}

bool pickle_is(const PickleValue *v, const char *text)
{
    return v && v->kind == PICKLE_TEXT && v->n == strlen(text) && !memcmp(v->as.text, text, v->n);
}

const PickleValue *pickle_get(const Pickle *p, const PickleValue *v, const char *key)
{
    const PickleValue *found = NULL;
    if (!v || v->kind != PICKLE_DICT) return NULL;
    for (PickleIter it = pickle_first(p, v); it.value;) {
        bool same = pickle_is(it.value, key);
        it = pickle_next(p, it);
        if (same) found = it.value;
        it = pickle_next(p, it);
    }
    return found;
}

static PickleIter iter_at(const Pickle *p, uint32_t at)
{
    return at ? (PickleIter){&cell(p, at)->value, cell(p, at)->next} : (PickleIter){0};
}

PickleIter pickle_first(const Pickle *p, const PickleValue *v)
{
    if (v->kind != PICKLE_LIST && v->kind != PICKLE_DICT) return (PickleIter){0};
    return iter_at(p, ((Chain *)p->heap->chains.at)[v->as.at].first);
}

PickleIter pickle_next(const Pickle *p, PickleIter it)
{
    return iter_at(p, it.next);
}
