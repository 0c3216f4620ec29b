/* The thread that keeps the session on disk, and reading it again. */
#include "engine/session.h"
#include "base/file.h"
#include <pthread.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SESSION_MAX ((size_t)16 << 20)

struct Session {
    char path[4096];
    pthread_t thread;
    pthread_mutex_t lock; /* over text and ending */
    pthread_cond_t changed;
    char *text; /* what waits to be written */
    bool ending, failed;
    Err err; /* the thread's until it was joined */
};

static bool session_path(char *out, size_t cap, const char *path, bool make, Err *err)
{
    char folder[4096];
    if (path)
        return snprintf(out, cap, "%s", path) < (int)cap ||
               err_set(err, ERR_LIMIT, "the session's path is too long");
    return file_xdg(folder, sizeof folder, XDG_STATE, err) && (!make || file_make_folder(folder, err)) &&
           file_join(out, cap, folder, "session.json", err);
}

/* A second of rest after a write, unless the end comes first. */
static void rest(Session *s)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    while (!s->ending && pthread_cond_timedwait(&s->changed, &s->lock, &until) == 0) continue;
}

static void *keep(void *arg)
{
    Session *s = arg;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (!s->text && !s->ending) pthread_cond_wait(&s->changed, &s->lock);
        char *text = s->text;
        s->text = NULL;
        if (!text) break;
        pthread_mutex_unlock(&s->lock);
        Err err = {0};
        if (!file_replace(s->path, text, strlen(text), &err) && !s->failed) {
            s->failed = true;
            s->err = err;
        }
        free(text);
        pthread_mutex_lock(&s->lock);
        rest(s);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

Session *session_open(const char *path, Err *err)
{
    Session *s = calloc(1, sizeof *s);
    if (!s) return err_nomem(err, "the session"), NULL;
    if (!session_path(s->path, sizeof s->path, path, true, err)) return free(s), NULL;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    if (!pthread_create(&s->thread, NULL, keep, s)) return s;
    err_set(err, ERR_LIMIT, "no thread could be started to keep the session: too many are running");
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
    return NULL;
}

void session_put(Session *s, char *text)
{
    if (!text) return;
    pthread_mutex_lock(&s->lock);
    free(s->text);
    s->text = text;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

bool session_close(Session *s, Err *err)
{
    if (!s) return true;
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    bool ok = !s->failed || err_set(err, s->err.code, "%s", s->err.msg);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
    return ok;
}

Json *session_read(const char *path, Err *err)
{
    char at[4096];
    uint8_t *bytes;
    size_t size;
    if (!session_path(at, sizeof at, path, false, err) || !file_exists(at)) return NULL;
    if (!file_read(at, SESSION_MAX, &bytes, &size, err)) return NULL;
    Json *o = json_parse((const char *)bytes, size, at, err);
    free(bytes);
    if (o && json_is_object(o)) return o;
    if (o) err_set(err, ERR_FORMAT, "%s is no session of viewsmith", at);
    json_drop(o);
    return NULL;
}
