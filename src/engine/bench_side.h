/* One side of a comparison: a process that does a bench's work when told to. Ours (`viewsmith bench serve ...`) and the
 * peers (tests/peers) speak the same lines of JSON, so that both are measured in the same way:
 *
 *     it says   {"name": "PyTorch 1.13.1"}       or {"missing": "python3-torch"} or {"error": "a sentence"}
 *     we write  turn
 *     it says   {"seconds": [0.125]}             what each part took once, or {"error": ...}
 *
 * and it ends when its input does. */
#pragma once
#include "base/err.h"
#include "engine/bench_work.h"
#include <sys/types.h>

typedef struct {
    pid_t pid; /* 0: closed */
    int in, out;
    char name[64];
    char wants[192]; /* what to install where it does not answer */
    char buffer[4096]; /* a line that has not come whole */
    size_t have;
    double started; /* clock_seconds at the start of its process */
} BenchSide;

/* argv[0] is the program; its stderr is thrown away. */
bool bench_side_open(BenchSide *s, char *const argv[], Err *err);
/* Its first line. `what` is its name until then; wants: what to install where it is missing, for the error (ERR_IO). */
bool bench_side_hello(BenchSide *s, const char *what, const char *wants, Err *err);
bool bench_side_turn(double *seconds, BenchSide *s, int parts, Err *err);
/* The largest resident size so far in MB (10^6 bytes); NaN when it cannot be read. */
double bench_side_memory(const BenchSide *s);
/* Ends it, gently and then not; a closed side stays closed. */
void bench_side_close(BenchSide *s);

/* The other end of it: serves turns of w on in and out until in ends. w NULL: tells err and ends. */
bool bench_serve(BenchWork *w, const BenchSpec *spec, const char *name, int in, int out, Err *err);
