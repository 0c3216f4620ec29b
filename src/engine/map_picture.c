/* Little pictures pasted where a map has them. */
#include "engine/map_picture.h"
#include "engine/export.h"
#include "engine/plot.h"
#include <stdio.h>
#include <string.h>

enum { MARGIN = 28, LEGEND = 22, COLOURS = 10, THIN = 1, THICK = 3 };

static const uint8_t ground[3] = {18, 18, 20}, words[3] = {200, 200, 205};

/* Ten that can be told apart (after Tableau's). */
static const uint8_t colour[COLOURS][3] = {{78, 121, 167}, {242, 142, 43}, {225, 87, 89},   {118, 183, 178},
                                           {89, 161, 79},  {237, 201, 72}, {176, 122, 161}, {255, 157, 167},
                                           {156, 117, 95}, {186, 176, 172}};

/* The box around a layout. */
static void box_of(float low[2], float high[2], const float *xy, int n)
{
    for (int k = 0; k < 2; k++) low[k] = high[k] = xy[k];
    for (int i = 0; i < 2 * n; i++) {
        if (xy[i] < low[i % 2]) low[i % 2] = xy[i];
        if (xy[i] > high[i % 2]) high[i % 2] = xy[i];
    }
    for (int k = 0; k < 2; k++)
        if (low[k] == high[k]) low[k] -= 1, high[k] += 1;
}

static bool paste_point(Image *sheet, int x, int y, const Image *picture, const uint8_t rgb[3], int frame,
                        Err *err)
{
    Image tile;
    if (!image_make(&tile, picture->w + 2 * frame, picture->h + 2 * frame, 3, err)) return false;
    image_fill(&tile, rgb);
    image_paste(&tile, frame, frame, picture);
    image_paste(sheet, x - tile.w / 2, y - tile.h / 2, &tile);
    image_free(&tile);
    return true;
}

static void legend(Image *sheet, char *const *class_name, int classes)
{
    int x = MARGIN;
    for (int c = 0; c < classes; c++) {
        plot_text(sheet, x, sheet->h - LEGEND + 6, class_name[c], colour[c % COLOURS], 1);
        x += PLOT_GLYPH_W * ((int)strlen(class_name[c]) + 2);
    }
    plot_text(sheet, x, sheet->h - LEGEND + 6, "thick frame: generated", words, 1);
}

bool map_picture(const char *path, const Atlas *a, const float *xy, char *const *class_name, int classes,
                 int side, Err *err)
{
    Image sheet;
    float low[2], high[2], room = (float)(side - 2 * MARGIN);
    if (side < 200) return err_set(err, ERR_USAGE, "a map is at least 200 pixels wide");
    if (!image_make(&sheet, side, side + LEGEND, 3, err)) return false;
    image_fill(&sheet, ground);
    box_of(low, high, xy, a->n);
    bool ok = true;
    for (int i = 0; ok && i < a->n; i++) {
        int x = MARGIN + (int)((xy[2 * i] - low[0]) / (high[0] - low[0]) * room);
        int y = MARGIN + (int)((high[1] - xy[2 * i + 1]) / (high[1] - low[1]) * room);
        ok = paste_point(&sheet, x, y, &a->picture[i], colour[a->label[i] % COLOURS],
                         i < a->real ? THIN : THICK, err);
    }
    legend(&sheet, class_name, classes);
    ok = ok &&
         export_png(path, &sheet, NULL, 0, "a map of real and generated pictures in an encoder's space", err);
    image_free(&sheet);
    return ok;
}
