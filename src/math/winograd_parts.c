/* Where Winograd's tiles lie in maps, and the taps of filters as its transforms read them. */
#include "math/winograd_parts.h"
#include "math/whole.h"
#include <string.h>

enum { GROUP = MAP_LANES * WINOGRAD_TAPS /* the taps of sixteen channels */ };

WinogradFilter winograd_taps_of(const float *w, int O, int C, bool flip, const WinogradKernels *kernel)
{
    size_t row = (size_t)C * WINOGRAD_TAPS;
    if (flip) return (WinogradFilter){w, C, O, WINOGRAD_TAPS, row, flip, kernel};
    return (WinogradFilter){w, O, C, row, WINOGRAD_TAPS, flip, kernel};
}

/* Rows of w, `step` floats apart, copied close together with zeros after the last. */
static void copy_rows(float *to, const float *w, int rows, size_t step, size_t length)
{
    for (int i = 0; i < MAP_LANES; i++, to += length, w += step) {
        if (i < rows)
            memcpy(to, w, length * sizeof *to);
        else
            memset(to, 0, length * sizeof *to);
    }
}

void winograd_taps(float *taps, int width, const WinogradFilter *f, int o, int c, int channels)
{
    float rows[MAP_LANES * GROUP + MAP_LANES] = {0}; /* turn reads whole vectors */
    const float *w = f->w + (size_t)o * f->to_step + (size_t)c * f->from_step;
    int lanes = min_int(f->to - o, MAP_LANES), length = channels * WINOGRAD_TAPS;
    if (!f->flip) {
        copy_rows(rows, w, lanes, f->to_step, (size_t)length);
        f->kernel->turn(taps, width, rows, length, length);
        return;
    }
    for (int i = 0; i < channels; i++, w += f->from_step, taps += WINOGRAD_TAPS * width) {
        copy_rows(rows, w, lanes, f->to_step, WINOGRAD_TAPS);
        f->kernel->turn(taps + (WINOGRAD_TAPS - 1) * width, -width, rows, WINOGRAD_TAPS, WINOGRAD_TAPS);
    }
}

WinogradGrid winograd_grid(const MapRegion *y, const Staged *x)
{
    return (WinogradGrid){y->rows,         y->cols,       (y->rows + 3) / 4, (y->cols + 3) / 4,
                          staged_image(x), staged_row(x), MAP_LANES,         y->image,
                          y->row,          y->pixel};
}

void winograd_tiles(WinogradTile *tile, const WinogradGrid *g, int first, int n)
{
    for (int t = 0; t < n; t++) {
        int at = first + t, image = at / (g->down * g->right), i = at / g->right % g->down * 4,
            j = at % g->right * 4;
        tile[t].from = (size_t)image * g->from_image + (size_t)i * g->from_row + (size_t)j * g->from_pixel;
        tile[t].to = (size_t)image * g->to_image + (size_t)i * g->to_row + (size_t)j * g->to_pixel;
        tile[t].rows = min_int(g->rows - i, 4);
        tile[t].cols = min_int(g->cols - j, 4);
    }
}

int winograd_chunk(int tiles, int chunks, int i)
{
    return (int)((long)tiles * i / chunks);
}
