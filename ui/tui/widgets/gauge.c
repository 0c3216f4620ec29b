/* One-row figures out of block, rounded and arrow characters. */
#include "tui/widgets/gauge.h"
#include <math.h>

static double unit(double share)
{
    return share > 0 ? share < 1 ? share : 1 : 0; /* NaN becomes 0 */
}

void gauge_meter(Canvas *c, int x, int y, int w, double share, Style style)
{
    int full = (int)lround(unit(share) * w);
    for (int i = 0; i < w; i++) canvas_put(c, x + i, y, i < full ? style : INK_FAINT, i < full ? U'▰' : U'▱');
}

static int knob(int w, double low, double high, double value)
{
    return high > low ? (int)lround(unit((value - low) / (high - low)) * (w - 3)) : 0;
}

void gauge_slider(Canvas *c, int x, int y, int w, double low, double high, double value, bool focus)
{
    if (w < 5) return;
    Style ends = focus ? INK_ACCENT : INK_FAINT;
    canvas_put(c, x, y, ends, U'◂');
    canvas_put(c, x + w - 1, y, ends, U'▸');
    for (int i = 1; i < w - 1; i++) canvas_put(c, x + i, y, INK_FAINT, U'─');
    int at = 1 + knob(w, low, high, value), zero = 1 + knob(w, low, high,
                                                            low > 0    ? low
                                                            : high < 0 ? high
                                                                       : 0);
    for (int i = at < zero ? at + 1 : zero; i < (at < zero ? zero + 1 : at); i++) /* from zero to the knob */
        canvas_put(c, x + i, y, focus ? INK_ACCENT : INK_DIM, U'━');
    canvas_put(c, x + at, y, focus ? INK_ACCENT | STYLE_BOLD : INK_TEXT, U'●');
}

double gauge_slider_value(int x, int w, double low, double high, int at)
{
    return low + unit((double)(at - x - 1) / (w > 3 ? w - 3 : 1)) * (high - low);
}

void gauge_spark(Canvas *c, int x, int y, int w, const float *value, int n, Style style)
{
    static const char32_t level[] = U"▁▂▃▄▅▆▇█";
    float low = INFINITY, high = -INFINITY;
    int skip = n > w ? n - w : 0;
    for (int i = skip; i < n; i++) {
        if (!isfinite(value[i])) continue;
        low = fminf(low, value[i]);
        high = fmaxf(high, value[i]);
    }
    for (int i = skip; i < n; i++) {
        if (!isfinite(value[i])) continue;
        float share = high > low ? (value[i] - low) / (high - low) : 0.5f;
        canvas_put(c, x + i - skip, y, style, level[(int)lroundf(share * 7)]);
    }
}
