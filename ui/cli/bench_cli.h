/* Inside ui/cli: what the files of `viewsmith bench` share. */
#pragma once
#include "cli/cli.h"

/* The program as it was started, for starting it again. */
extern const char bench_self[];
/* bench latency */
int bench_latency_command(const Args *a);
