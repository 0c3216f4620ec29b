/* A small store in one file: SQLite behind it (db.c alone includes it), in the few calls that the program
 * needs.
 *
 *     Db *db;  db_open(&db, path, "tray", migration, 2, err);
 *     db_run(db, err, "UPDATE item SET note = ? WHERE id = ?", "ti", note, id);
 *     DbRows *rows = db_rows(db, err, "SELECT id FROM item WHERE state = ?", "i", (int64_t)0);
 *     while (db_next(rows, err)) use(db_int(rows, 0));
 *     db_end(rows);
 *
 * Types of arguments, one letter each: i int64_t, d double (NaN: NULL), t const char * (NULL: NULL), b const
 * void * and size_t. Every error is one sentence that names the file. */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

typedef struct Db Db;
typedef struct DbRows DbRows;

/* Opens or makes path (its folder too). migration[i] brings a file of version i to i + 1; each is one
 * transaction. A file that is no database, is damaged, belongs to something else than `kind` or is of a later
 * version is refused. */
bool db_open(Db **out, const char *path, const char *kind, const char *const *migration, int migrations,
             Err *err);
void db_close(Db *db);
const char *db_path(const Db *db);

bool db_run(Db *db, Err *err, const char *sql, const char *types, ...);
/* NULL on error. Every DbRows ends with db_end (NULL is allowed). */
DbRows *db_rows(Db *db, Err *err, const char *sql, const char *types, ...);
/* The next row; false at the end, and with err set on failure. */
bool db_next(DbRows *rows, Err *err);
void db_end(DbRows *rows);
/* Columns of the row, from 0. Text ("" for NULL) and blobs live until the next db_next. */
int64_t db_int(DbRows *rows, int column);
double db_num(DbRows *rows, int column); /* NaN for NULL */
const char *db_text(DbRows *rows, int column);
const void *db_blob(DbRows *rows, int column, size_t *size);

/* Everything between them happens or nothing does; a begin may wait for another program for two seconds. */
bool db_begin(Db *db, Err *err);
/* Ends it: keeps the changes when ok and they can be kept. Returns whether they were. */
bool db_commit(Db *db, bool ok, Err *err);
int64_t db_last_id(const Db *db);
int db_changed(const Db *db); /* rows that the last db_run changed */
uint64_t db_version(Db *db);  /* another number after any change, by this or another program */
