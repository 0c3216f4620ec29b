/* Where things lie: joined paths, the XDG folders, and the files shipped with the program. */
#include "base/file.h"
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_CAP = 4096 };

bool file_join(char *out, size_t cap, const char *folder, const char *name, Err *err)
{
    size_t length = strlen(folder);
    const char *slash = length == 0 || folder[length - 1] == '/' ? "" : "/";
    int n = snprintf(out, cap, "%s%s%s", folder, slash, name);
    if (n >= 0 && (size_t)n < cap) return true;
    return err_set(err, ERR_LIMIT, "%s/%s: the path is longer than %zu bytes", folder, name, cap);
}

/* The XDG rule: a setting that is not an absolute path is ignored. */
static const char *absolute_setting(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] == '/' ? value : NULL;
}

static bool home_folder(char *out, size_t cap, Err *err)
{
    struct passwd entry, *found = NULL;
    char text[2048];
    const char *home = absolute_setting("HOME");
    if (!home && getpwuid_r(getuid(), &entry, text, sizeof text, &found) == 0 && found) home = found->pw_dir;
    if (!home) return err_set(err, ERR_IO, "no home folder is known: set HOME");
    return file_join(out, cap, home, "", err);
}

bool file_xdg(char *out, size_t cap, XdgKind kind, Err *err)
{
    static const struct {
        const char *setting, *below_home;
    } folder[] = {[XDG_CONFIG] = {"XDG_CONFIG_HOME", ".config"},
                  [XDG_DATA] = {"XDG_DATA_HOME", ".local/share"},
                  [XDG_STATE] = {"XDG_STATE_HOME", ".local/state"},
                  [XDG_CACHE] = {"XDG_CACHE_HOME", ".cache"}};
    char home[PATH_CAP], base[PATH_CAP];
    const char *set = absolute_setting(folder[kind].setting);
    if (set) return file_join(out, cap, set, "viewsmith", err);
    return home_folder(home, sizeof home, err) &&
           file_join(base, sizeof base, home, folder[kind].below_home, err) &&
           file_join(out, cap, base, "viewsmith", err);
}

static bool found_in(char *out, size_t cap, const char *folder, const char *name)
{
    return folder && file_join(out, cap, folder, name, NULL) && file_exists(out);
}

/* PREFIX/share/viewsmith beside PREFIX/bin/viewsmith, so that an installation can be moved. */
static bool installed_folder(char *out, size_t cap)
{
    char program[PATH_CAP];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n <= 0) return false;
    program[n] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(program, '/');
        if (!slash) return false;
        *slash = '\0';
    }
    return file_join(out, cap, program, "share/viewsmith", NULL);
}

bool file_shipped(char *out, size_t cap, const char *name, Err *err)
{
    char installed[PATH_CAP];
    if (found_in(out, cap, getenv("VIEWSMITH_ASSETS"), name)) return true;
    if (found_in(out, cap, VIEWSMITH_SOURCE_DIR, name)) return true;
    if (installed_folder(installed, sizeof installed) && found_in(out, cap, installed, name)) return true;
    return err_set(err, ERR_IO, "%s: not found; set VIEWSMITH_ASSETS to the folder that holds it", name);
}
