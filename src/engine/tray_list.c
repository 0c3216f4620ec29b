/* Items of the tray read back: lists, filters, how they look, and the tensors they refer to. */
#include "engine/tray_db.h"
#include "base/text.h"
#include "engine/parts.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ITEM_COLUMNS                                                                                         \
    "i.id, i.state, i.address, "                                                                             \
    "(SELECT group_concat(name, ' ') FROM (SELECT name FROM tag WHERE item = i.id ORDER BY name)), "         \
    "i.note, i.parent, i.origin, i.created, i.class, k.id, i.nearness, i.score, i.realism, i.picture "       \
    "FROM item i LEFT JOIN item k ON k.id = i.near AND k.state = 0 "

void tray_item_free(TrayItem *it)
{
    free((void *)(uintptr_t)it->address);
    image_free(&it->picture);
}

void tray_list_free(TrayList *list)
{
    for (int i = 0; i < list->n; i++) tray_item_free(&list->item[i]);
    free(list->item);
    *list = (TrayList){0};
}

/* The texts of an item stand one after another in the block that begins with the first. */
static bool copy_texts(TrayItem *it, DbRows *rows)
{
    const char **field[] = {&it->address, &it->tags, &it->note, &it->parent, &it->origin};
    size_t size[5], all = 0;
    for (int i = 0; i < 5; i++) all += size[i] = strlen(db_text(rows, 2 + i)) + 1;
    char *block = malloc(all);
    if (!block) return false;
    for (int i = 0; i < 5; block += size[i++]) *field[i] = memcpy(block, db_text(rows, 2 + i), size[i]);
    return true;
}

/* A picture as it is stored: width, height and channels as 16 bits each, then its pixels. PNG would halve it,
 * and take a hundred times as long for a list of thousands. */
enum { PACKED = 6 };

static bool pack(uint8_t **bytes, size_t *size, const Image *im, Err *err)
{
    const int head[3] = {im->w, im->h, im->c};
    size_t pixels = (size_t)im->w * (size_t)im->h * (size_t)im->c;
    *bytes = malloc(PACKED + pixels);
    *size = PACKED + pixels;
    if (!*bytes) return err_nomem(err, "a picture");
    for (int i = 0; i < 3; i++) {
        (*bytes)[2 * i] = (uint8_t)(head[i] & 0xff);
        (*bytes)[2 * i + 1] = (uint8_t)(head[i] >> 8);
    }
    memcpy(*bytes + PACKED, im->px, pixels);
    return true;
}

/* What is no picture leaves it empty. */
static bool unpack(Image *out, const uint8_t *bytes, size_t size, Err *err)
{
    if (size < PACKED) return true;
    int w = bytes[0] | bytes[1] << 8, h = bytes[2] | bytes[3] << 8, c = bytes[4] | bytes[5] << 8;
    bool fits = w >= 1 && h >= 1 && w <= TRAY_SIDE_MAX && h <= TRAY_SIDE_MAX && (c == 1 || c == 3);
    if (!fits || size != PACKED + (size_t)w * (size_t)h * (size_t)c) return true;
    if (!image_make(out, w, h, c, err)) return false;
    memcpy(out->px, bytes + PACKED, size - PACKED);
    return true;
}

static bool read_item(TrayItem *it, DbRows *rows, Err *err)
{
    size_t size;
    *it = (TrayItem){.id = db_int(rows, 0),
                     .created = db_num(rows, 7),
                     .class = (int)db_int(rows, 8),
                     .near = db_int(rows, 9),
                     .nearness = (float)db_num(rows, 10),
                     .score = (float)db_num(rows, 11),
                     .realism = (float)db_num(rows, 12)};
    int64_t state = db_int(rows, 1);
    it->state = state >= 0 && state < TRAY_STATES ? (TrayState)state : TRAY_DROPPED;
    if (!it->near) it->nearness = NAN;
    if (!copy_texts(it, rows)) return err_nomem(err, "the tray");
    const void *bytes = db_blob(rows, 13, &size);
    if (bytes && !unpack(&it->picture, bytes, size, err)) return tray_item_free(it), false;
    return true;
}

/* --- filters
 * -------------------------------------------------------------------------------------------------- */

static bool begins_tag(const char *tags, const char *word, size_t n)
{
    for (const char *t = tags; *t; t += strcspn(t, " "), t += *t == ' ')
        if (!strncasecmp(t, word, n)) return true;
    return false;
}

static bool word_fits(const TrayItem *it, const char *word, size_t n)
{
    char text[TRAY_NOTE_MAX + 1];
    snprintf(text, sizeof text, "%.*s", (int)n, word);
    if (*word == '#') return strtoll(text + 1, NULL, 10) == it->id;
    return begins_tag(it->tags, word, n) || strcasestr(it->note, text) || begins_tag(it->origin, word, n);
}

static bool words_fit(const TrayItem *it, const char *words)
{
    while (words && *words) {
        words += strspn(words, " ,");
        bool minus = *words == '-';
        const char *word = words + minus;
        size_t n = strcspn(word, " ,");
        if (n && word_fits(it, word, n) == minus) return false;
        words = word + n;
    }
    return true;
}

static bool append(TrayList *out, int *room, const TrayItem *it)
{
    if (out->n == *room) {
        *room = *room ? 2 * *room : 64;
        TrayItem *more = realloc(out->item, (size_t)*room * sizeof *more);
        if (!more) return false;
        out->item = more;
    }
    out->item[out->n++] = *it;
    return true;
}

static bool collect(TrayList *out, DbRows *rows, const char *words, Err *err)
{
    Err own = {0};
    int room = 0;
    *out = (TrayList){0};
    while (rows && !own.code && db_next(rows, &own)) {
        TrayItem it;
        if (!read_item(&it, rows, &own)) break;
        if (words_fit(&it, words) && append(out, &room, &it)) continue;
        if (words_fit(&it, words)) err_nomem(&own, "the tray");
        tray_item_free(&it);
    }
    db_end(rows);
    if (rows && !own.code) return true;
    tray_list_free(out);
    return rows ? err_set(err, own.code, "%s", own.msg) : false;
}

bool tray_list(TrayList *out, Tray *t, const TrayFilter *f, Err *err)
{
    unsigned states = f->states ? f->states : TRAY_MASK(TRAY_KEPT);
    return collect(out,
                   db_rows(t->db, err,
                           "SELECT " ITEM_COLUMNS
                           "WHERE (1 << i.state) & ?1 AND (?2 IS NULL OR EXISTS(SELECT 1 FROM "
                           "tag WHERE item = i.id AND name = ?2)) ORDER BY i.id",
                           "it", (int64_t)states, f->tag),
                   f->words, err);
}

bool tray_get(TrayList *out, Tray *t, int64_t id, Err *err)
{
    if (!collect(out, db_rows(t->db, err, "SELECT " ITEM_COLUMNS "WHERE i.id = ?", "i", id), NULL, err))
        return false;
    return out->n || err_set(err, ERR_USAGE, "there is no #%lld in the tray", (long long)id);
}

bool tray_address(Address *out, const char *text, Err *err)
{
    Tray *t;
    TrayList one = {0};
    char *end;
    long long id = strtoll(text + 1, &end, 10);
    if (end == text + 1 || *end || id < 1)
        return err_set(err, ERR_USAGE, "\"%.40s\" is no number of the tray, like #12", text);
    if (!tray_exists())
        return err_set(err, ERR_USAGE, "there is no %s: nothing is kept in the tray yet", text);
    if (!tray_open(&t, NULL, err)) return false;
    bool ok = tray_get(&one, t, id, err);
    if (ok) ok = address_parse(out, one.item[0].address, err) && tray_supply(t, out, err);
    if (one.n) tray_list_free(&one);
    tray_close(t);
    return ok;
}

bool tray_find(TrayList *out, Tray *t, const Address *a, Err *err)
{
    char text[ADDRESS_BYTES_MAX + 1];
    return address_print(text, a, err) &&
           collect(
               out,
               db_rows(t->db, err, "SELECT " ITEM_COLUMNS "WHERE i.address = ? AND i.state = 0", "t", text),
               NULL, err);
}

/* --- how they look
 * -------------------------------------------------------------------------------------------- */

int tray_plain(int64_t *id, Address *address, Tray *t, int64_t after, const char *space, const char *digest,
               int max, Err *err)
{
    Err own = {0};
    int n = 0;
    DbRows *rows = db_rows(
        t->db, &own,
        "SELECT id, address FROM item WHERE id > ?4 AND model = ?1 AND state != 2 AND (picture IS NULL OR "
        "(?2 != '' AND space IS NOT ?2)) ORDER BY id LIMIT ?3",
        "ttii", digest, space, (int64_t)max, after);
    while (rows && db_next(rows, &own)) {
        id[n] = db_int(rows, 0);
        n += address_parse(&address[n], db_text(rows, 1), NULL);
    }
    db_end(rows);
    if (own.code) err_set(err, own.code, "%s", own.msg);
    return own.code ? -1 : n;
}

/* Of unit rows; y may lie anywhere. */
static double cosine_of(const float *x, const void *y, int dim)
{
    double dot = 0;
    for (int i = 0; i < dim; i++) {
        float v;
        memcpy(&v, (const char *)y + (size_t)i * sizeof v, sizeof v);
        dot += (double)x[i] * (double)v;
    }
    return dot;
}

/* The nearest earlier kept item of the same space; 0 when none is near enough. */
static bool nearest(int64_t *near, double *cosine, Tray *t, int64_t id, const char *space, const float *x,
                    int dim, Err *err)
{
    Err own = {0};
    size_t size;
    *near = 0;
    *cosine = NAN;
    DbRows *rows = db_rows(
        t->db, &own, "SELECT id, features FROM item WHERE space = ? AND id < ? AND state = 0 ORDER BY id",
        "ti", space, id);
    while (rows && db_next(rows, &own)) {
        const void *y = db_blob(rows, 1, &size);
        double dot = size == (size_t)dim * sizeof *x ? cosine_of(x, y, dim) : 0;
        if (dot < (double)TRAY_NEAR || (*near && dot <= *cosine)) continue;
        *near = db_int(rows, 0);
        *cosine = dot;
    }
    db_end(rows);
    return !own.code || err_set(err, own.code, "%s", own.msg);
}

static bool pack_small(uint8_t **bytes, size_t *size, const Image *picture, Err *err)
{
    int side = picture->w > picture->h ? picture->w : picture->h;
    if (side <= TRAY_SIDE_MAX) return pack(bytes, size, picture, err);
    Image small;
    bool ok = image_scale(&small, picture, (picture->w * TRAY_SIDE_MAX + side - 1) / side,
                          (picture->h * TRAY_SIDE_MAX + side - 1) / side, err) &&
              pack(bytes, size, &small, err);
    image_free(&small);
    return ok;
}

bool tray_look(Tray *t, int64_t id, const Image *picture, const char *space, const float *features, int dim,
               Err *err)
{
    uint8_t *bytes;
    size_t size;
    int64_t near = 0;
    double cosine = NAN;
    if (!pack_small(&bytes, &size, picture, err)) return false;
    bool ok = db_begin(t->db, err);
    if (!ok) return free(bytes), false;
    ok = (!features || nearest(&near, &cosine, t, id, space, features, dim, err)) &&
         db_run(t->db, err, "UPDATE item SET picture = ? WHERE id = ?", "bi", bytes, size, id);
    if (ok && features)
        ok =
            db_run(t->db, err, "UPDATE item SET space = ?, features = ?, near = ?, nearness = ? WHERE id = ?",
                   "tbidi", space, features, (size_t)dim * sizeof *features, near, cosine, id);
    free(bytes);
    return db_commit(t->db, ok, err);
}

bool tray_features(float **x, int *dim, Tray *t, int64_t id, const char *space, Err *err)
{
    Err own = {0};
    size_t size = 0;
    *x = NULL;
    DbRows *rows =
        db_rows(t->db, &own, "SELECT features FROM item WHERE id = ? AND space = ?", "it", id, space);
    if (rows && db_next(rows, &own)) {
        const void *bytes = db_blob(rows, 0, &size);
        *x = size ? malloc(size) : NULL;
        if (*x) memcpy(*x, bytes, size);
        if (size && !*x) err_nomem(&own, "features");
        *dim = (int)(size / sizeof **x);
    }
    db_end(rows);
    return !own.code || err_set(err, own.code, "%s", own.msg);
}

/* --- tensors
 * -------------------------------------------------------------------------------------------------- */

static bool supply_one(Tray *t, const char *name, Err *err)
{
    Err own = {0};
    size_t size;
    if (parts_has(&t->store, name)) return true;
    DbRows *rows = db_rows(t->db, &own, "SELECT bytes FROM part WHERE name = ?", "t", name);
    if (rows && db_next(rows, &own)) {
        const void *bytes = db_blob(rows, 0, &size);
        parts_write(&t->store, name, bytes, size, &own);
    }
    db_end(rows);
    return !own.code || err_set(err, own.code, "%s", own.msg);
}

bool tray_supply(Tray *t, const Address *a, Err *err)
{
    Parts parts;
    parts_of(&parts, a);
    for (int i = 0; i < parts.n; i++)
        if (!supply_one(t, parts.name[i], err)) return false;
    return true;
}
