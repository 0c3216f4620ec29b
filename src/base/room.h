/* How much memory and disk there is left to use. */
#pragma once

/* Bytes that the system would give without swapping; NaN where it does not say. */
double room_memory(void);
/* Bytes free for us where `path` lies, or where it would lie once its folders are made; NaN where nothing
 * says so. */
double room_disk(const char *path);
