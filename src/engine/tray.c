/* The tray over its database: items, tags, states, and reading them back. */
#include "engine/tray_db.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/parts.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Version 1. A part is a file of the store that addresses refer to (parts.h). */
static const char *const migrations[] = {
    "CREATE TABLE item("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL UNIQUE, model TEXT NOT NULL,"
    "  class INTEGER NOT NULL, state INTEGER NOT NULL, note TEXT NOT NULL, parent TEXT NOT NULL,"
    "  origin TEXT NOT NULL, created REAL NOT NULL, score REAL, realism REAL,"
    "  picture BLOB, space TEXT, features BLOB, near INTEGER, nearness REAL);"
    "CREATE TABLE tag(item INTEGER NOT NULL REFERENCES item(id), name TEXT NOT NULL,"
    "  PRIMARY KEY(item, name)) WITHOUT ROWID;"
    "CREATE INDEX tag_name ON tag(name, item);"
    "CREATE TABLE part(name TEXT PRIMARY KEY, bytes BLOB NOT NULL);"};

const char *tray_state_name(TrayState s)
{
    static const char *const name[TRAY_STATES] = {"kept", "candidate", "dropped"};
    return name[s];
}

/* The file of that path, NULL: where it is by default. */
static bool file_of(char out[4096], const char *path, Err *err)
{
    char folder[3072];
    const char *set = getenv("VIEWSMITH_TRAY");
    if (!path && set && *set) path = set;
    if (!path)
        return file_xdg(folder, sizeof folder, XDG_DATA, err) &&
               file_join(out, 4096, folder, "tray.sqlite", err);
    return snprintf(out, 4096, "%s", path) < 4096 ||
           err_set(err, ERR_LIMIT, "the path of the tray is too long");
}

bool tray_exists(void)
{
    char path[4096];
    return file_of(path, NULL, NULL) && file_exists(path);
}

bool tray_open(Tray **out, const char *path, Err *err)
{
    char own[4096];
    Tray *t = calloc(1, sizeof *t);
    if (!t) return err_nomem(err, "the tray");
    bool ok = file_of(own, path, err) && store_open(&t->store, NULL, err) &&
              db_open(&t->db, own, "tray", migrations, sizeof migrations / sizeof *migrations, err);
    if (ok)
        *out = t;
    else
        free(t);
    return ok;
}

void tray_close(Tray *t)
{
    if (!t) return;
    db_close(t->db);
    free(t);
}

const char *tray_path(const Tray *t)
{
    return db_path(t->db);
}

bool tray_store(Tray *t, const char *folder, Err *err)
{
    return store_open(&t->store, folder, err);
}

uint64_t tray_changes(Tray *t)
{
    return db_version(t->db);
}

/* --- tags
 * ----------------------------------------------------------------------------------------------------- */

/* A tag is also a folder's name in an export, and a word on command lines. */
static bool check_tag(const char *tag, size_t n, Err *err)
{
    if (n > TRAY_TAG_MAX)
        return err_set(err, ERR_USAGE, "a tag has at most %d bytes: \"%.*s\"", TRAY_TAG_MAX, (int)n, tag);
    bool bad = *tag == '.' || *tag == '-' || *tag == '#' || *tag == '+';
    for (size_t i = 0; i < n; i++)
        bad = bad || (unsigned char)tag[i] < 0x20 || tag[i] == 0x7f || strchr("/\\:*?\"<>|'`$", tag[i]);
    if (!bad) return true;
    return err_set(
        err, ERR_USAGE,
        "\"%.*s\" cannot be a tag: it begins with a letter or digit and holds no / \\ : * ? or quotes",
        (int)n, tag);
}

/* The next of the words at *at (blanks and commas between), *minus where it begins with "-"; 0 at the end. */
static size_t next_word(const char **at, const char **word, bool *minus)
{
    *at += strspn(*at, " ,\t\n");
    *minus = **at == '-';
    *word = *at + *minus;
    size_t n = strcspn(*word, " ,\t\n");
    *at = *word + n;
    return n;
}

static bool room_for_tags(Tray *t, int64_t id, Err *err)
{
    DbRows *rows =
        db_rows(t->db, err, "SELECT sum(length(CAST(name AS BLOB)) + 1) FROM tag WHERE item = ?", "i", id);
    bool ok = rows && db_next(rows, err);
    if (ok && db_int(rows, 0) > TRAY_TAGS_MAX)
        ok = err_set(err, ERR_LIMIT, "the tags of one view take at most %d bytes in all", TRAY_TAGS_MAX);
    db_end(rows);
    return ok;
}

static bool change_tags(Tray *t, int64_t id, const char *words, Err *err)
{
    const char *word;
    bool minus, ok = true;
    char tag[TRAY_TAG_MAX + 1];
    for (size_t n; ok && (n = next_word(&words, &word, &minus));) {
        if (!check_tag(word, n, err)) return false;
        snprintf(tag, sizeof tag, "%.*s", (int)n, word);
        ok = db_run(t->db, err,
                    minus ? "DELETE FROM tag WHERE item = ? AND name = ?"
                          : "INSERT OR IGNORE INTO tag(item, name) VALUES(?, ?)",
                    "it", id, tag);
    }
    return ok && room_for_tags(t, id, err);
}

static bool must_change(Tray *t, int64_t id, Err *err)
{
    return db_changed(t->db) || err_set(err, ERR_USAGE, "there is no #%lld in the tray", (long long)id);
}

static bool touch(Tray *t, int64_t id, Err *err)
{
    return db_run(t->db, err, "UPDATE item SET state = state WHERE id = ?", "i", id) &&
           must_change(t, id, err);
}

bool tray_tag(Tray *t, int64_t id, const char *words, Err *err)
{
    return db_begin(t->db, err) && db_commit(t->db, touch(t, id, err) && change_tags(t, id, words, err), err);
}

int tray_tags(TrayTag **out, Tray *t, Err *err)
{
    int n = 0, room = 0;
    Err own = {0};
    *out = NULL;
    DbRows *rows =
        db_rows(t->db, &own,
                "SELECT tag.name, count(*) AS n FROM tag JOIN item ON item.id = tag.item AND item.state = 0 "
                "GROUP BY tag.name ORDER BY n DESC, tag.name",
                "");
    while (rows && db_next(rows, &own)) {
        if (n == room) {
            room = room ? 2 * room : 32;
            TrayTag *more = realloc(*out, (size_t)room * sizeof *more);
            if (!more && !err_nomem(&own, "the tags")) break;
            *out = more;
        }
        snprintf((*out)[n].name, sizeof(*out)[n].name, "%s", db_text(rows, 0));
        (*out)[n++].n = (int)db_int(rows, 1);
    }
    db_end(rows);
    if (!own.code) return n;
    free(*out);
    *out = NULL;
    err_set(err, own.code, "%s", own.msg);
    return -1;
}

/* --- putting in
 * ----------------------------------------------------------------------------------------------- */

static bool store_parts(Tray *t, const Address *a, Err *err)
{
    Parts parts;
    bool ok = true;
    parts_of(&parts, a);
    for (int i = 0; i < parts.n && ok; i++) {
        uint8_t *bytes;
        size_t size;
        ok = parts_read(&bytes, &size, &t->store, parts.name[i], err);
        if (!ok) return false;
        ok = db_run(t->db, err, "INSERT OR IGNORE INTO part(name, bytes) VALUES(?, ?)", "tb", parts.name[i],
                    bytes, size);
        free(bytes);
    }
    return ok;
}

/* The item of an address: 0 where there is none. */
static bool find(int64_t *id, TrayState *state, Tray *t, const char *address, Err *err)
{
    Err own = {0};
    DbRows *rows = db_rows(t->db, &own, "SELECT id, state FROM item WHERE address = ?", "t", address);
    bool there = rows && db_next(rows, &own);
    *id = there ? db_int(rows, 0) : 0;
    *state = there ? (TrayState)db_int(rows, 1) : TRAY_DROPPED;
    db_end(rows);
    return !own.code || err_set(err, own.code, "%s", own.msg);
}

static bool insert(int64_t *id, Tray *t, const char *text, const TrayFound *f, TrayState state, Err *err)
{
    bool ok = db_run(
        t->db, err,
        "INSERT INTO item(address, model, class, state, note, parent, origin, created, score, realism) "
        "VALUES(?, ?, ?, ?, '', ?, ?, ?, ?, ?)",
        "ttiittddd", text, f->address->digest, (int64_t)f->address->class, (int64_t)state,
        f->parent ? f->parent : "", f->origin ? f->origin : "", clock_wall(), (double)f->score,
        (double)f->realism);
    *id = db_last_id(t->db);
    return ok && store_parts(t, f->address, err);
}

static bool safe_note(char out[TRAY_NOTE_MAX + 1], const char *note, Err *err)
{
    if (strlen(note) > TRAY_NOTE_MAX)
        return err_set(err, ERR_LIMIT, "a note has at most %d bytes", TRAY_NOTE_MAX);
    text_safe(out, TRAY_NOTE_MAX + 1, note);
    return true;
}

static bool set_note(Tray *t, int64_t id, const char *note, Err *err)
{
    char safe[TRAY_NOTE_MAX + 1];
    return safe_note(safe, note, err) &&
           db_run(t->db, err, "UPDATE item SET note = ? WHERE id = ?", "ti", safe, id) &&
           must_change(t, id, err);
}

static bool add(TrayAdded *out, Tray *t, const TrayFound *f, const char *note, TrayState as, Err *err)
{
    char text[ADDRESS_BYTES_MAX + 1];
    TrayState state;
    if (!address_print(text, f->address, err) || !find(&out->id, &state, t, text, err)) return false;
    bool there = out->id != 0;
    out->was = there && (as == TRAY_CANDIDATE || state == TRAY_KEPT);
    if (there && as == TRAY_CANDIDATE) return true;
    if (!there && !insert(&out->id, t, text, f, as, err)) return false;
    return db_run(t->db, err,
                  "UPDATE item SET state = ?1, parent = CASE parent WHEN '' THEN ?2 ELSE parent END WHERE id "
                  "= ?3",
                  "iti", (int64_t)as, f->parent ? f->parent : "", out->id) &&
           (!f->tags || change_tags(t, out->id, f->tags, err)) && (!note || set_note(t, out->id, note, err));
}

static bool add_whole(TrayAdded *out, Tray *t, const TrayFound *f, const char *note, TrayState as, Err *err)
{
    TrayAdded own;
    return db_begin(t->db, err) && db_commit(t->db, add(out ? out : &own, t, f, note, as, err), err);
}

bool tray_add(TrayAdded *out, Tray *t, const Address *a, const char *tags, const char *note,
              const char *parent, Err *err)
{
    TrayFound f = {.address = a, .tags = tags, .parent = parent, .score = NAN, .realism = NAN};
    return add_whole(out, t, &f, note, TRAY_KEPT, err);
}

bool tray_restore(TrayAdded *out, Tray *t, const Address *a, const char *tags, const char *note,
                  const char *parent, const char *origin, double created, Err *err)
{
    TrayFound f = {
        .address = a, .tags = tags, .parent = parent, .origin = origin, .score = NAN, .realism = NAN};
    if (!db_begin(t->db, err)) return false;
    bool ok = add(out, t, &f, note, TRAY_KEPT, err);
    if (ok && !out->was && isfinite(created))
        ok = db_run(t->db, err, "UPDATE item SET created = ? WHERE id = ?", "di", created, out->id);
    return db_commit(t->db, ok, err);
}

bool tray_found(TrayAdded *out, Tray *t, const TrayFound *f, Err *err)
{
    return add_whole(out, t, f, NULL, TRAY_CANDIDATE, err);
}

bool tray_note(Tray *t, int64_t id, const char *note, Err *err)
{
    return db_begin(t->db, err) && db_commit(t->db, set_note(t, id, note, err), err);
}

static bool change_state(TrayState *was, Tray *t, int64_t id, TrayState state, Err *err)
{
    DbRows *rows = db_rows(t->db, err, "SELECT state FROM item WHERE id = ?", "i", id);
    if (rows && db_next(rows, err)) *was = (TrayState)db_int(rows, 0);
    db_end(rows);
    return rows && db_run(t->db, err, "UPDATE item SET state = ? WHERE id = ?", "ii", (int64_t)state, id) &&
           must_change(t, id, err);
}

bool tray_state(TrayState *was, Tray *t, int64_t id, TrayState state, Err *err)
{
    TrayState own;
    return db_begin(t->db, err) && db_commit(t->db, change_state(was ? was : &own, t, id, state, err), err);
}
