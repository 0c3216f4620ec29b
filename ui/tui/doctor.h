/* What there is to say about a terminal, and the picture that shows it. */
#pragma once
#include "data/image.h"
#include "engine/fact.h"
#include "tui/app.h"
#include "tui/probe.h"

/* The facts; times: of pictures shown so far, NULL: none was. Returns how many. */
int doctor_facts(Fact out[FACTS_MAX], const TermInfo *info, PixelMode mode, const AppTimes *times);
/* A circle that is round where cells have the size they are taken for, ramps of red, green, blue and grey
 * that have no steps where all colours are shown, and stripes of single pixels. The caller frees. */
bool doctor_card(Image *out, Err *err);
