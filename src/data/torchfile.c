/* Reads both layouts of PyTorch: finds the storages, walks the dictionaries, and makes tensors of what the
 * pickle says. */
#include "data/torchfile.h"
#include "data/pickle.h"
#include "data/zip.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 255, VISITS_MAX = 200000, MADE_SLACK = 32 << 20, LEGACY_VERSION = 1001 };

/* Types of elements as they lie in a storage. */
typedef enum {
    RAW_F32,
    RAW_F64,
    RAW_F16,
    RAW_BF16,
    RAW_I64,
    RAW_I32,
    RAW_I16,
    RAW_I8,
    RAW_U8,
    RAW_BOOL,
    RAW_KINDS
} Raw;

static const struct {
    size_t size;
    Dtype as;
    bool same; /* the bytes are those of `as` */
} raws[RAW_KINDS] = {
    [RAW_F32] = {4, DTYPE_F32, true},   [RAW_F64] = {8, DTYPE_F32, false}, [RAW_F16] = {2, DTYPE_F16, true},
    [RAW_BF16] = {2, DTYPE_BF16, true}, [RAW_I64] = {8, DTYPE_I64, true},  [RAW_I32] = {4, DTYPE_I64, false},
    [RAW_I16] = {2, DTYPE_I64, false},  [RAW_I8] = {1, DTYPE_I64, false},  [RAW_U8] = {1, DTYPE_U8, true},
    [RAW_BOOL] = {1, DTYPE_U8, true},
};

/* What a file may name. The first rows are the storages, in the order of Raw. */
enum { TENSOR_1 = RAW_KINDS, TENSOR_2, PARAMETER };
static const PickleNamed named[] = {
    {"torch", "FloatStorage", PICKLE_OPAQUE},
    {"torch", "DoubleStorage", PICKLE_OPAQUE},
    {"torch", "HalfStorage", PICKLE_OPAQUE},
    {"torch", "BFloat16Storage", PICKLE_OPAQUE},
    {"torch", "LongStorage", PICKLE_OPAQUE},
    {"torch", "IntStorage", PICKLE_OPAQUE},
    {"torch", "ShortStorage", PICKLE_OPAQUE},
    {"torch", "CharStorage", PICKLE_OPAQUE},
    {"torch", "ByteStorage", PICKLE_OPAQUE},
    {"torch", "BoolStorage", PICKLE_OPAQUE},
    {"torch._utils", "_rebuild_tensor", PICKLE_CALL},
    {"torch._utils", "_rebuild_tensor_v2", PICKLE_CALL},
    {"torch._utils", "_rebuild_parameter", PICKLE_CALL},
    {"collections", "OrderedDict", PICKLE_DICT},
    {"collections", "defaultdict", PICKLE_DICT},
    {"torch", "Size", PICKLE_OPAQUE},
    {"torch", "device", PICKLE_OPAQUE},
    {"torch", "float32", PICKLE_OPAQUE},
    {"argparse", "Namespace", PICKLE_OPAQUE},
    {"numpy", "dtype", PICKLE_OPAQUE},
    {"numpy.core.multiarray", "scalar", PICKLE_OPAQUE},
    {"numpy._core.multiarray", "scalar", PICKLE_OPAQUE},
    {"_codecs", "encode", PICKLE_OPAQUE},
    {0},
};

typedef struct {
    const char *key;
    size_t key_size;
    Raw raw;             /* of the first reference to it */
    int64_t count;       /* as that reference says */
    const uint8_t *data; /* NULL: not in the file */
    size_t size;         /* bytes */
} Storage;

typedef struct {
    TorchFile *out;
    const uint8_t *bytes;
    size_t size;
    const char *what;
    Err *err;
    Pickle pickle;
    Storage *storage; /* sorted by key */
    size_t storages, cap, names_cap, names_used, made_bytes, visits;
} Reader;

static bool refuse(const Reader *r, const char *why)
{
    return err_set(r->err, ERR_FORMAT, "%s: %s", r->what, why);
}
#define refuse(...) err_false(refuse(__VA_ARGS__)) /* see base/err.h */

/* ---- Storages --------------------------------------------------------------------------------------- */

static int compare_keys(const Storage *a, const char *key, size_t n)
{
    int order = memcmp(a->key, key, a->key_size < n ? a->key_size : n);
    return order ? order : (a->key_size > n) - (a->key_size < n);
}

static int by_key(const void *a, const void *b)
{
    const Storage *x = a, *y = b;
    return compare_keys(x, y->key, y->key_size);
}

static Storage *find_storage(const Reader *r, const char *key, size_t n)
{
    size_t low = 0, high = r->storages;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = compare_keys(&r->storage[mid], key, n);
        if (!order) return &r->storage[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

/* ("storage", torch.FloatStorage, key, device, elements, ...) */
static bool read_reference(Storage *s, const Reader *r, const PickleValue *id)
{
    const PickleValue *part[5];
    for (uint32_t i = 0; i < 5; i++)
        part[i] = id->kind == PICKLE_TUPLE ? pickle_item(&r->pickle, id, i) : NULL;
    if (!part[4] || !pickle_is(part[0], "storage") || part[1]->kind != PICKLE_GLOBAL ||
        part[2]->kind != PICKLE_TEXT || part[4]->kind != PICKLE_INT)
        return refuse(r, "a reference in the pickle is to no storage");
    if (part[1]->n >= RAW_KINDS)
        return err_set(r->err, ERR_FORMAT, "%s: a storage is of the type %s.%s, which is not read", r->what,
                       named[part[1]->n].module, named[part[1]->n].name);
    *s = (Storage){
        .key = part[2]->as.text, .key_size = part[2]->n, .raw = (Raw)part[1]->n, .count = part[4]->as.i};
    return (s->count >= 0 && (uint64_t)s->count <= r->size) || refuse(r, "a storage is longer than the file");
}

static bool list_storages(Reader *r)
{
    size_t references = 0;
    while (pickle_reference(&r->pickle, (uint32_t)references)) references++;
    r->storage = calloc(references + 1, sizeof *r->storage);
    if (!r->storage) return err_nomem(r->err, "a PyTorch file");
    for (size_t i = 0; i < references; i++)
        if (!read_reference(&r->storage[i], r, pickle_reference(&r->pickle, (uint32_t)i))) return false;
    qsort(r->storage, references, sizeof *r->storage, by_key);
    for (size_t i = 0; i < references; i++)
        if (!i || by_key(&r->storage[r->storages - 1], &r->storage[i]))
            r->storage[r->storages++] = r->storage[i];
    return true;
}

/* ---- Tensors ---------------------------------------------------------------------------------------- */

typedef struct {
    Raw raw;
    int64_t stride[SAFETENSORS_RANK_MAX];
    const uint8_t *data; /* of element 0 */
} Source;

__attribute__((cold)) static bool refuse_tensor(const Reader *r, const Tensor *t, const char *why)
{
    return err_set(r->err, ERR_FORMAT, "%s: tensor \"%.80s\" %s", r->what, t->name, why);
}

static bool read_dims(Tensor *t, Source *s, const Reader *r, const PickleValue *size,
                      const PickleValue *stride)
{
    if (!size || !stride || size->kind != PICKLE_TUPLE || stride->kind != PICKLE_TUPLE ||
        size->n != stride->n)
        return refuse_tensor(r, t, "has no shape");
    if (size->n > SAFETENSORS_RANK_MAX) return refuse_tensor(r, t, "has more than 8 dimensions");
    t->rank = (int)size->n;
    t->count = 1;
    for (uint32_t i = 0; i < size->n; i++) {
        const PickleValue *d = pickle_item(&r->pickle, size, i), *step = pickle_item(&r->pickle, stride, i);
        if (d->kind != PICKLE_INT || step->kind != PICKLE_INT || d->as.i < 0 || step->as.i < 0 ||
            __builtin_mul_overflow(t->count, (size_t)d->as.i, &t->count))
            return refuse_tensor(r, t, "has a shape that cannot be");
        t->shape[i] = d->as.i;
        s->stride[i] = step->as.i;
    }
    return true;
}

/* Every element must lie in the storage, and there may be no more of them than it has. */
static bool within(const Reader *r, const Tensor *t, const Source *s, int64_t offset, uint64_t elements)
{
    uint64_t last = (uint64_t)offset, step;
    if (!t->count) return true;
    for (int i = 0; i < t->rank; i++)
        if (__builtin_mul_overflow((uint64_t)t->shape[i] - 1, (uint64_t)s->stride[i], &step) ||
            __builtin_add_overflow(last, step, &last))
            return refuse_tensor(r, t, "reaches past the end of its storage");
    if (last >= elements) return refuse_tensor(r, t, "reaches past the end of its storage");
    return t->count <= elements || refuse_tensor(r, t, "is larger than its storage");
}

static bool contiguous(const Tensor *t, const Source *s)
{
    int64_t step = 1;
    for (int i = t->rank; i-- > 0; step *= t->shape[i])
        if (t->shape[i] > 1 && s->stride[i] != step) return false;
    return true;
}

static void convert(void *to, size_t at, const uint8_t *from, Raw raw)
{
    float *f = to;
    int64_t *n = to;
    double d;
    int32_t i32;
    int16_t i16;
    switch (raw) {
    case RAW_F64:
        memcpy(&d, from, 8), f[at] = (float)d;
        break;
    case RAW_I32:
        memcpy(&i32, from, 4), n[at] = i32;
        break;
    case RAW_I16:
        memcpy(&i16, from, 2), n[at] = i16;
        break;
    case RAW_I8:
        n[at] = (int8_t)*from;
        break;
    default:
        memcpy((uint8_t *)to + at * raws[raw].size, from, raws[raw].size);
    }
}

/* The elements in C order, in the type they are handed out as. */
static void gather(void *to, const Tensor *t, const Source *s)
{
    int64_t at[SAFETENSORS_RANK_MAX] = {0}, from = 0;
    for (size_t i = 0; i < t->count; i++) {
        convert(to, i, s->data + (size_t)from * raws[s->raw].size, s->raw);
        for (int d = t->rank; d-- > 0;) {
            from += s->stride[d];
            if (++at[d] < t->shape[d]) break;
            from -= s->stride[d] * t->shape[d];
            at[d] = 0;
        }
    }
}

static bool make_data(Tensor *t, Reader *r, const Source *s)
{
    TorchFile *out = r->out;
    size_t bytes = t->count * safetensors_dtype_size(t->dtype);
    r->made_bytes += bytes;
    if (r->made_bytes > r->size + MADE_SLACK) return refuse(r, "its tensors are larger than their storages");
    void **grown = realloc(out->made, ((size_t)out->makes + 1) * sizeof *grown), *to = malloc(bytes + 1);
    if (grown) out->made = grown;
    if (!grown || !to) {
        free(to);
        return err_nomem(r->err, "a tensor");
    }
    out->made[out->makes++] = to;
    gather(to, t, s);
    t->data = to;
    return true;
}

/* (storage, offset, size, stride, ...) */
static bool read_tensor(Tensor *t, Reader *r, const PickleValue *args)
{
    const PickleValue *storage = pickle_item(&r->pickle, args, 0), *offset = pickle_item(&r->pickle, args, 1);
    Storage ref;
    Source s;
    if (!storage || !offset || storage->kind != PICKLE_PERSISTENT || offset->kind != PICKLE_INT ||
        offset->as.i < 0)
        return refuse_tensor(r, t, "is made of no storage");
    if (!read_dims(t, &s, r, pickle_item(&r->pickle, args, 2), pickle_item(&r->pickle, args, 3)) ||
        !read_reference(&ref, r, pickle_item(&r->pickle, storage, 0)))
        return false;
    const Storage *found = find_storage(r, ref.key, ref.key_size);
    s.raw = ref.raw;
    t->dtype = raws[s.raw].as;
    if (!found || !found->data) return refuse_tensor(r, t, "has no storage in the file");
    if (!within(r, t, &s, offset->as.i, found->size / raws[s.raw].size)) return false;
    s.data = t->count ? found->data + (size_t)offset->as.i * raws[s.raw].size : found->data;
    t->data = s.data;
    return (raws[s.raw].same && contiguous(t, &s)) || make_data(t, r, &s);
}

/* ---- Dictionaries ----------------------------------------------------------------------------------- */

static const PickleValue *tensor_args(const Reader *r, const PickleValue *v)
{
    for (int wraps = 0; v && v->kind == PICKLE_CALL && wraps < 2; wraps++) {
        const PickleValue *args = pickle_item(&r->pickle, v, 0);
        if (v->n != PARAMETER) return args;
        v = pickle_item(&r->pickle, args, 0);
    }
    return NULL;
}

/* Names are kept as offsets until all are there. */
static bool add_name(Reader *r, Tensor *t, const char *name)
{
    size_t n = strlen(name) + 1;
    if (r->names_used + n > r->names_cap) {
        size_t cap = 2 * (r->names_cap + n);
        char *grown = realloc(r->out->names, cap);
        if (!grown) return err_nomem(r->err, "the names of tensors");
        r->out->names = grown;
        r->names_cap = cap;
    }
    memcpy(r->out->names + r->names_used, name, n);
    t->name = (const char *)(uintptr_t)r->names_used;
    r->names_used += n;
    return true;
}

static bool add_tensor(Reader *r, const char *name, const PickleValue *args)
{
    Tensor t = {.name = name};
    if (r->out->n == SAFETENSORS_TENSORS_MAX) return refuse(r, "it holds more than 65,536 tensors");
    if ((size_t)r->out->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 64;
        Tensor *grown = realloc(r->out->tensor, cap * sizeof *grown);
        if (!grown) return err_nomem(r->err, "tensors");
        r->out->tensor = grown;
        r->cap = cap;
    }
    if (!read_tensor(&t, r, args) || !add_name(r, &t, name)) return false;
    r->out->tensor[r->out->n++] = t;
    return true;
}

/* Appends a key to the name of what lies under it; false: the key is no text, or too long, and nobody asks
 * for it. */
static bool extend_name(char name[NAME_MAX_BYTES + 1], size_t used, const PickleValue *key)
{
    if (key->kind != PICKLE_TEXT || !key->n || key->n + 1 > NAME_MAX_BYTES - used ||
        memchr(key->as.text, '\0', key->n))
        return false;
    if (used) name[used++] = '/';
    memcpy(name + used, key->as.text, key->n);
    name[used + key->n] = '\0';
    return true;
}

/* The same dictionary may be in several places: visits are counted, for they could double at every level. */
static bool walk(Reader *r, const PickleValue *dict, char name[NAME_MAX_BYTES + 1], int depth)
{
    size_t used = strlen(name);
    for (PickleIter it = pickle_first(&r->pickle, dict); it.value; it = pickle_next(&r->pickle, it)) {
        if (++r->visits > VISITS_MAX)
            return refuse(r, "its dictionaries have more entries than any model needs");
        bool wanted = extend_name(name, used, it.value), ok = true;
        it = pickle_next(&r->pickle, it);
        const PickleValue *args = tensor_args(r, it.value);
        if (wanted && args)
            ok = add_tensor(r, name, args);
        else if (wanted && it.value->kind == PICKLE_DICT && depth < TORCHFILE_DEPTH_MAX)
            ok = walk(r, it.value, name, depth + 1);
        if (!ok) return false;
        name[used] = '\0';
    }
    return true;
}

static bool read_tensors(Reader *r)
{
    char name[NAME_MAX_BYTES + 1] = "";
    if (r->pickle.root.kind != PICKLE_DICT)
        return refuse(r, "it holds no dictionary of tensors: save a state_dict, or export ONNX");
    if (!walk(r, &r->pickle.root, name, 1)) return false;
    if (!r->out->n) return refuse(r, "it holds no tensors");
    for (int i = 0; i < r->out->n; i++)
        r->out->tensor[i].name = r->out->names + (uintptr_t)r->out->tensor[i].name;
    return true;
}

/* ---- Zip -------------------------------------------------------------------------------------------- */

static const ZipEntry *find_pickle(const Zip *z)
{
    static const char end[] = "/data.pkl";
    for (size_t i = 0; i < z->n; i++) {
        const ZipEntry *e = &z->entry[i];
        size_t n = sizeof end - 1;
        if (e->name_size > n && e->name_size < NAME_MAX_BYTES &&
            !memcmp(e->name + e->name_size - n, end, n) && !memchr(e->name, '/', e->name_size - n))
            return e;
    }
    return NULL;
}

/* ROOT/PART of the archive. */
static const ZipEntry *find_part(const Zip *z, const ZipEntry *pickle, const char *part, const char *key,
                                 size_t key_size)
{
    char name[2 * NAME_MAX_BYTES + 32];
    if (key_size > NAME_MAX_BYTES) return NULL;
    int root = (int)(pickle->name_size - strlen("data.pkl"));
    int n = snprintf(name, sizeof name, "%.*s%s%.*s", root, pickle->name, part, (int)key_size, key);
    return zip_find(z, name, (size_t)n);
}

static bool read_zip_tensors(Reader *r, const Zip *z)
{
    const ZipEntry *pickle = find_pickle(z);
    if (!pickle) return refuse(r, "this zip archive holds no data.pkl: it is not of PyTorch");
    const ZipEntry *order = find_part(z, pickle, "byteorder", "", 0);
    if (order && (order->size != 6 || memcmp(order->data, "little", 6)))
        return refuse(r, "its numbers are big endian, which is not read");
    if (!pickle_decode(&r->pickle, pickle->data, pickle->size, named, r->what, r->err) || !list_storages(r))
        return false;
    for (size_t i = 0; i < r->storages; i++) {
        Storage *s = &r->storage[i];
        const ZipEntry *e = find_part(z, pickle, "data/", s->key, s->key_size);
        if (e) s->data = e->data, s->size = e->size;
    }
    return read_tensors(r);
}

static bool read_zip(Reader *r)
{
    Zip z;
    if (!zip_decode(&z, r->bytes, r->size, r->what, r->err)) return false;
    bool ok = read_zip_tensors(r, &z);
    zip_free(&z);
    return ok;
}

/* ---- Legacy ----------------------------------------------------------------------------------------- */

static const uint8_t legacy_magic[] = {0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46,
                                       0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};

static bool is_legacy(const uint8_t *bytes, size_t size)
{
    return size >= sizeof legacy_magic && !memcmp(bytes, legacy_magic, sizeof legacy_magic);
}

static bool next_pickle(Pickle *p, const Reader *r, size_t *at)
{
    if (!pickle_decode(p, r->bytes + *at, r->size - *at, named, r->what, r->err)) return false;
    *at += p->used;
    return true;
}

/* Version and system, of which only the byte order matters. */
static bool read_head(const Reader *r, size_t *at)
{
    Pickle p;
    if (!next_pickle(&p, r, at)) return false;
    bool ok = p.root.kind == PICKLE_INT && p.root.as.i == LEGACY_VERSION;
    pickle_free(&p);
    if (!ok) return refuse(r, "its version is not 1001");
    if (!next_pickle(&p, r, at)) return false;
    const PickleValue *little = pickle_get(&p, &p.root, "little_endian");
    ok = !little || little->kind != PICKLE_BOOL || little->as.i;
    pickle_free(&p);
    return ok || refuse(r, "its numbers are big endian, which is not read");
}

/* Per key the number of elements as int64, then the elements. */
static bool place_storages(Reader *r, const Pickle *keys, size_t at)
{
    if (keys->root.kind != PICKLE_LIST) return refuse(r, "its list of storages is missing");
    for (PickleIter it = pickle_first(keys, &keys->root); it.value; it = pickle_next(keys, it)) {
        Storage *s = it.value->kind == PICKLE_TEXT ? find_storage(r, it.value->as.text, it.value->n) : NULL;
        int64_t count;
        if (!s) return refuse(r, "it has a storage that no tensor uses");
        if (r->size - at < 8) return refuse(r, "it ends within its storages: the file was cut short");
        memcpy(&count, r->bytes + at, 8);
        at += 8;
        if (count != s->count) return refuse(r, "a storage has another length than its tensors say");
        s->size = (size_t)count * raws[s->raw].size;
        if (s->size > r->size - at) return refuse(r, "it ends within its storages: the file was cut short");
        s->data = r->bytes + at;
        at += s->size;
    }
    return true;
}

static bool read_legacy(Reader *r)
{
    size_t at = sizeof legacy_magic;
    Pickle keys;
    if (!read_head(r, &at) || !next_pickle(&r->pickle, r, &at) || !list_storages(r) ||
        !next_pickle(&keys, r, &at))
        return false;
    bool ok = place_storages(r, &keys, at);
    pickle_free(&keys);
    return ok && read_tensors(r);
}

/* ---- Files ------------------------------------------------------------------------------------------ */

bool torchfile_is(const uint8_t *bytes, size_t size)
{
    return zip_is(bytes, size) || is_legacy(bytes, size);
}

bool torchfile_decode(TorchFile *out, const uint8_t *bytes, size_t size, const char *what, Err *err)
{
    Reader r = {.out = out, .bytes = bytes, .size = size, .what = what, .err = err};
    *out = (TorchFile){0};
    bool ok = zip_is(bytes, size)      ? read_zip(&r)
              : is_legacy(bytes, size) ? read_legacy(&r)
                                       : refuse(&r, "this is no file of PyTorch");
    pickle_free(&r.pickle);
    free(r.storage);
    if (!ok) torchfile_close(out);
    return ok;
}

bool torchfile_open(TorchFile *out, const char *path, Err *err)
{
    uint8_t *bytes;
    size_t size;
    *out = (TorchFile){0};
    if (!file_read(path, SAFETENSORS_FILE_MAX, &bytes, &size, err)) return false;
    if (torchfile_decode(out, bytes, size, path, err)) return out->bytes = bytes, true;
    free(bytes);
    return false;
}

void torchfile_close(TorchFile *t)
{
    for (int i = 0; i < t->makes; i++) free(t->made[i]);
    free(t->made);
    free(t->tensor);
    free(t->names);
    free(t->bytes);
    *t = (TorchFile){0};
}
