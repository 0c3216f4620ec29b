/* Small figures drawn in one row: meters, sliders and sparklines. */
#pragma once
#include "tui/canvas.h"

/* ▰▰▰▱▱: w marks, share of them full. */
void gauge_meter(Canvas *c, int x, int y, int w, double share, Style style);
/* ◂───━━━●────▸ with the knob at value between low and high, filled from zero to it; nothing below w 5. */
void gauge_slider(Canvas *c, int x, int y, int w, double low, double high, double value, bool focus);
/* The value that a click in column `at` of such a slider means. */
double gauge_slider_value(int x, int w, double low, double high, int at);
/* ▁▂▃▅▇: the last w of n values, scaled to their own range; gaps where a value is not finite. */
void gauge_spark(Canvas *c, int x, int y, int w, const float *value, int n, Style style);
