/* SQLite for whoever keeps things in one file; the only file that includes sqlite3.h. */
#include "engine/db.h"
#include "base/digest.h"
#include "base/file.h"
#include <math.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_MS 2000

struct Db {
    sqlite3 *handle;
    char path[4096];
};

struct DbRows {
    Db *db;
    sqlite3_stmt *statement;
};

static bool fail(Db *db, Err *err)
{
    int code = sqlite3_errcode(db->handle) & 0xff;
    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
        return err_set(err, ERR_FORMAT,
                       "%s is damaged or no database (%s): move it away, and a new one is begun", db->path,
                       sqlite3_errmsg(db->handle));
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return err_set(err, ERR_LIMIT, "%s: another program has been writing to it for %d seconds; try again",
                       db->path, BUSY_MS / 1000);
    if (code == SQLITE_NOMEM) return err_nomem(err, db->path);
    return err_set(err, ERR_IO, "%s: %s", db->path, sqlite3_errmsg(db->handle));
}

/* --- statements
 * ----------------------------------------------------------------------------------------------- */

static int bind_one(sqlite3_stmt *s, int at, char type, va_list *list)
{
    if (type == 'i') return sqlite3_bind_int64(s, at, va_arg(*list, int64_t));
    if (type == 't') return sqlite3_bind_text(s, at, va_arg(*list, const char *), -1, SQLITE_TRANSIENT);
    if (type == 'd') return sqlite3_bind_double(s, at, va_arg(*list, double));
    const void *bytes = va_arg(*list, const void *);
    size_t size = va_arg(*list, size_t);
    return sqlite3_bind_blob64(s, at, bytes, size, SQLITE_TRANSIENT);
}

static DbRows *prepare(Db *db, Err *err, const char *sql, const char *types, va_list *list)
{
    DbRows *rows = calloc(1, sizeof *rows);
    if (!rows) return err_nomem(err, db->path), NULL;
    rows->db = db;
    bool ok = sqlite3_prepare_v2(db->handle, sql, -1, &rows->statement, NULL) == SQLITE_OK;
    for (int i = 0; ok && types[i]; i++) ok = bind_one(rows->statement, i + 1, types[i], list) == SQLITE_OK;
    if (ok) return rows;
    fail(db, err);
    db_end(rows);
    return NULL;
}

DbRows *db_rows(Db *db, Err *err, const char *sql, const char *types, ...)
{
    va_list list;
    va_start(list, types);
    DbRows *rows = prepare(db, err, sql, types, &list);
    va_end(list);
    return rows;
}

bool db_next(DbRows *rows, Err *err)
{
    int code = sqlite3_step(rows->statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) return fail(rows->db, err);
    return code == SQLITE_ROW;
}

void db_end(DbRows *rows)
{
    if (rows) sqlite3_finalize(rows->statement);
    free(rows);
}

bool db_run(Db *db, Err *err, const char *sql, const char *types, ...)
{
    Err own = {0};
    va_list list;
    va_start(list, types);
    DbRows *rows = prepare(db, &own, sql, types, &list);
    va_end(list);
    while (rows && db_next(rows, &own)) continue;
    db_end(rows);
    return !own.code || err_set(err, own.code, "%s", own.msg);
}

int64_t db_int(DbRows *rows, int column)
{
    return sqlite3_column_int64(rows->statement, column);
}

double db_num(DbRows *rows, int column)
{
    bool null = sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
    return null ? (double)NAN : sqlite3_column_double(rows->statement, column);
}

const char *db_text(DbRows *rows, int column)
{
    const unsigned char *text = sqlite3_column_text(rows->statement, column);
    return text ? (const char *)text : "";
}

const void *db_blob(DbRows *rows, int column, size_t *size)
{
    const void *bytes = sqlite3_column_blob(rows->statement, column);
    *size = (size_t)sqlite3_column_bytes(rows->statement, column);
    return bytes;
}

bool db_begin(Db *db, Err *err)
{
    return db_run(db, err, "BEGIN IMMEDIATE", "");
}

bool db_commit(Db *db, bool ok, Err *err)
{
    if (ok) ok = db_run(db, err, "COMMIT", "");
    if (!ok) db_run(db, NULL, "ROLLBACK", "");
    return ok;
}

int64_t db_last_id(const Db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

int db_changed(const Db *db)
{
    return sqlite3_changes(db->handle);
}

/* data_version moves with the commits of others, total_changes with one's own. */
uint64_t db_version(Db *db)
{
    DbRows *rows = db_rows(db, NULL, "PRAGMA data_version", "");
    uint64_t others = rows && db_next(rows, NULL) ? (uint64_t)db_int(rows, 0) : 0;
    db_end(rows);
    return others << 32 | (uint32_t)sqlite3_total_changes(db->handle);
}

/* --- opening
 * -------------------------------------------------------------------------------------------------- */

static bool pragma(int64_t *out, Db *db, const char *sql, Err *err)
{
    DbRows *rows = db_rows(db, err, sql, "");
    bool ok = rows && db_next(rows, err);
    if (ok) *out = db_int(rows, 0);
    db_end(rows);
    return ok;
}

/* SQLite's mark of whose file it is: 31 bits of the kind's digest. */
static int64_t mark_of(const char *kind)
{
    Digest d = digest_of(kind, strlen(kind));
    return (int64_t)(d.byte[0] & 0x7f) << 24 | d.byte[1] << 16 | d.byte[2] << 8 | d.byte[3];
}

static bool migrate_one(Db *db, int64_t version, int64_t mark, const char *sql, Err *err)
{
    char text[128];
    bool ok = sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK || fail(db, err);
    snprintf(text, sizeof text, "PRAGMA user_version = %lld", (long long)version + 1);
    ok = ok && db_run(db, err, text, "");
    snprintf(text, sizeof text, "PRAGMA application_id = %lld", (long long)mark);
    return ok && db_run(db, err, text, "");
}

/* Under the write lock, so that two programs that begin together make one file. */
static bool migrate(Db *db, const char *kind, const char *const *sql, int n, Err *err)
{
    int64_t version = 0, mark = 0, tables = 0;
    if (!db_begin(db, err)) return false;
    bool ok = pragma(&version, db, "PRAGMA user_version", err) &&
              pragma(&mark, db, "PRAGMA application_id", err) &&
              pragma(&tables, db, "SELECT count(*) FROM sqlite_master", err);
    if (ok && tables && mark != mark_of(kind))
        ok = err_set(err, ERR_FORMAT, "%s is a database of another program, no %s", db->path, kind);
    if (ok && version > n)
        ok = err_set(err, ERR_FORMAT, "%s was written by a later viewsmith (version %lld, this one knows %d)",
                     db->path, (long long)version, n);
    while (ok && version < n) {
        ok = migrate_one(db, version, mark_of(kind), sql[version], err);
        version++;
    }
    return db_commit(db, ok, err);
}

static bool make_folder_of(const char *path, Err *err)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash || slash == folder) return true;
    *slash = 0;
    return file_make_folder(folder, err);
}

/* A file may come from anyone: no function or trigger in it is trusted, its own tables cannot be rewritten by
 * it. */
static bool harden(Db *db, Err *err)
{
    sqlite3_busy_timeout(db->handle, BUSY_MS);
    sqlite3_extended_result_codes(db->handle, 0);
    bool ok = sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) == SQLITE_OK &&
              sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) == SQLITE_OK;
    return ok || fail(db, err);
}

bool db_open(Db **out, const char *path, const char *kind, const char *const *migration, int migrations,
             Err *err)
{
    Db *db = calloc(1, sizeof *db);
    if (!db) return err_nomem(err, path);
    bool ok = snprintf(db->path, sizeof db->path, "%s", path) < (int)sizeof db->path ||
              err_set(err, ERR_LIMIT, "the path of the %s is too long", kind);
    ok = ok && make_folder_of(path, err);
    if (ok && sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL))
        ok = db->handle ? fail(db, err) : err_nomem(err, path);
    /* Nothing of a file is touched before it is known to be ours. Commits outlive the program at once; after
     * a loss of power the last of them may be missing, never a part of one. */
    ok = ok && harden(db, err) && migrate(db, kind, migration, migrations, err) &&
         db_run(db, err, "PRAGMA journal_mode = WAL", "") &&
         db_run(db, err, "PRAGMA synchronous = NORMAL", "") &&
         db_run(db, err, "PRAGMA foreign_keys = ON", "");
    if (ok)
        *out = db;
    else
        db_close(db);
    return ok;
}

void db_close(Db *db)
{
    if (!db) return;
    sqlite3_close_v2(db->handle);
    free(db);
}

const char *db_path(const Db *db)
{
    return db->path;
}
