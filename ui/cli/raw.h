/* sample --z and --w: a generator's raw outputs for given latents. */
#pragma once
#include "cli/cli.h"

/* Writes float32 (N, C, H, W) before any rescaling, psi 1, stored noise; the exit status. */
int raw_command(const Args *a);
