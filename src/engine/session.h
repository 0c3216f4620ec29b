/* A session on disk: what brings the terminal program back as it was, written by a thread of its own so that
 * nobody waits for a disk.
 *
 *     Session *s = session_open(NULL, err);   session_put(s, json_text(o));   ...   session_close(s);
 *     Json *before = session_read(NULL, err);
 *
 * The file is replaced whole (base/file.h): at any kill it is the old or the new one. */
#pragma once
#include "base/json.h"

typedef struct Session Session;

/* path NULL: session.json in the program's state folder, which is made. */
Session *session_open(const char *path, Err *err);
/* Takes text (heap; NULL is passed over) over and returns at once. Written at most once a second: of several
 * the last counts. */
void session_put(Session *s, char *text);
/* Writes what waits, ends the thread, frees. False: some write failed, and err says how. NULL: true. */
bool session_close(Session *s, Err *err);
/* The session kept at path (NULL: as above); the caller drops it. NULL with code ERR_OK: there is none. */
Json *session_read(const char *path, Err *err);
