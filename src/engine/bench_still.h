/* What the terminal program takes while nobody types, and what it leaves on the line while somebody does. */
#pragma once
#include "engine/bench_lab.h"

/* With Steer open: bytes to the terminal and processor time of l->idle seconds, and resident memory; the worst so far stays. */
bool still_measure(LatencyResult *out, Lab *b, Err *err);
/* Where there is a line: holds a key down for two seconds; the most that is under way meanwhile, as time. */
bool still_burst(LatencyResult *out, Lab *b, Err *err);
