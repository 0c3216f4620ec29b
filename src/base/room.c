/* Reads /proc/meminfo and asks the file system. */
#include "base/room.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

double room_memory(void)
{
    char line[128];
    double kilobytes = NAN;
    FILE *f = fopen("/proc/meminfo", "r");
    if (!f) return NAN;
    while (fgets(line, sizeof line, f) && sscanf(line, "MemAvailable: %lf", &kilobytes) != 1) continue;
    fclose(f);
    return 1024 * kilobytes;
}

double room_disk(const char *path)
{
    char at[4096];
    struct statvfs s;
    if (snprintf(at, sizeof at, "%s", path) >= (int)sizeof at) return NAN;
    while (*at && statvfs(at, &s)) {
        char *slash = strrchr(at, '/');
        if (slash == at && at[1])
            at[1] = 0;
        else if (slash && slash != at)
            *slash = 0;
        else
            return NAN;
    }
    return *at ? (double)s.f_bavail * (double)s.f_frsize : NAN;
}
