/* The bitmap font, for the plot widget. */
#include "tui/widgets/plot_words.h"
#include "engine/plot.h"
#include <string.h>

int words_width(const char *text, int scale)
{
    return PLOT_GLYPH_W * scale * (int)strlen(text);
}

int words_height(int scale)
{
    return PLOT_GLYPH_H * scale;
}

void words_draw(Image *im, int x, int y, const char *text, const uint8_t rgb[3], int scale)
{
    plot_text(im, x, y, text, rgb, scale);
}
