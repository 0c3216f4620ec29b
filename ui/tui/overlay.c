/* Strips of pictures, a map of what each cell shows, and when which of them goes out how good. */
#include "tui/overlay.h"
#include "base/clock.h"
#include "tui/frames.h"
#include "tui/kitty.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STRIPS_MAX 128
#define FINE_AFTER 0.08 /* seconds without change until a coarse picture is replaced */
#define FINE_LATER 0.60 /* the same where a fine one takes long on the line, longer than ... */
#define SLOW       0.15 /* ... this many seconds, which is also what one frame may take */
#define FRAME_MIN  8192 /* bytes that any frame may have */
#define FAST_MS    25.0 /* a fine frame that costs less than this is shown even in motion */
#define ACK_LATE   1.0  /* seconds after which an acknowledgement is given up */

typedef struct {
    Rect at;        /* around all visible parts */
    uint64_t group; /* pane and row band */
    uint64_t place; /* strips of one place are the same in two frames */
    uint64_t key;   /* content and place */
    uint64_t shape; /* which cells */
    int piece[64], n;
    double changed, changed_before;
    bool painted, refining; /* refining: the fine form was asked for */
    bool sent;              /* kitty: the terminal has a picture for this place, perhaps an old one */
    PixelQuality quality;   /* what was painted */
} Strip;

struct Overlay {
    Encoder *encoder;
    Frames *frames;
    Link link;
    PixelSpec spec;
    int cols, rows;
    uint32_t *map, *map_before; /* what each cell shows, 0: text */
    Piece piece[CANVAS_PICTURES];
    int pieces;
    Strip strip[STRIPS_MAX], before[STRIPS_MAX];
    int strips, strips_before;
    PixelQuality coarse; /* for what moves */
    bool slow;           /* fine pictures of that size take long on the line */
    bool wipe;           /* kitty's pictures of before must go */
    bool waiting;        /* for an acknowledgement, since `sent` */
    double sent;
    int unanswered; /* acknowledgements that never came, in a row */
    bool news;      /* results came in since the last paint */
    double fine_ms; /* running mean cost of a fine frame */
    OverlayTimes times;
};

Overlay *overlay_new(bool remote, void (*wake)(void *), void *arg, Err *err)
{
    Overlay *o = calloc(1, sizeof *o);
    if (!o) {
        err_nomem(err, "the picture layer");
        return NULL;
    }
    o->link = link_new(remote);
    o->coarse = o->link.coarse;
    o->frames = frames_new(err);
    o->encoder = o->frames ? encoder_new(wake, arg, err) : NULL;
    if (o->encoder) return o;
    frames_free(o->frames);
    free(o);
    return NULL;
}

void overlay_free(Overlay *o)
{
    if (!o) return;
    encoder_free(o->encoder);
    frames_free(o->frames);
    free(o->map);
    free(o->map_before);
    free(o);
}

bool overlay_setup(Overlay *o, int cols, int rows, const PixelSpec *spec, Err *err)
{
    size_t cells = (size_t)cols * (size_t)rows;
    uint32_t *map = calloc(cells, sizeof *map), *before = calloc(cells, sizeof *before);
    if (!map || !before) {
        free(map);
        free(before);
        return err_nomem(err, "the picture layer");
    }
    free(o->map);
    free(o->map_before);
    o->map = map;
    o->map_before = before;
    o->cols = cols;
    o->rows = rows;
    o->wipe |= o->spec.mode == PIXELS_KITTY;
    o->spec = *spec;
    link_mode(&o->link, spec->mode);
    o->strips = o->strips_before = 0;
    return true;
}

/* --- the plan ------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t v)
{
    hash = (hash ^ v) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static uint64_t mix_rect(uint64_t hash, Rect r)
{
    hash = mix(hash, (uint64_t)(uint32_t)r.x << 32 | (uint32_t)r.y);
    return mix(hash, (uint64_t)(uint32_t)r.w << 32 | (uint32_t)r.h);
}

static Rect around(Rect a, Rect b)
{
    if (rect_empty(a)) return b;
    int x = a.x < b.x ? a.x : b.x, y = a.y < b.y ? a.y : b.y;
    int right = a.x + a.w > b.x + b.w ? a.x + a.w : b.x + b.w,
        low = a.y + a.h > b.y + b.h ? a.y + a.h : b.y + b.h;
    return (Rect){x, y, right - x, low - y};
}

static Strip *strip_for(Overlay *o, uint64_t group)
{
    uint64_t place = group;
    for (int i = 0; i < o->strips; i++) {
        if (o->strip[i].group != group) continue;
        if (o->strip[i].n < 64) return &o->strip[i];
        place = mix(place, group); /* full: one more strip in the same place */
    }
    if (o->strips == STRIPS_MAX) return NULL;
    Strip *s = &o->strip[o->strips++];
    *s = (Strip){.group = group, .place = place, .key = 1, .shape = 1};
    return s;
}

static void mark(Overlay *o, const Piece *p, uint32_t shape)
{
    for (int k = 0; k < p->parts; k++)
        for (int y = p->part[k].y; y < p->part[k].y + p->part[k].h; y++)
            for (int x = p->part[k].x; x < p->part[k].x + p->part[k].w; x++) o->map[y * o->cols + x] = shape;
}

/* The visible parts of a placed picture become a piece of its strip. */
static void add_piece(Overlay *o, const Canvas *c, int i)
{
    const Placed *placed = &c->picture[i];
    Piece *p = &o->piece[o->pieces];
    Rect parts[PIECE_PARTS], screen = {0, 0, o->cols, o->rows - 1};
    Rect cells =
        raster_cells(placed->rect, placed->image->w, placed->image->h, o->spec.cell_w, o->spec.cell_h);
    *p = (Piece){.rect = placed->rect, .image = *placed->image, .id = placed->id};
    int n = canvas_visible(c, i, parts, PIECE_PARTS);
    for (int k = 0; k < n; k++) {
        Rect seen = rect_intersect(rect_intersect(parts[k], cells), screen);
        if (!rect_empty(seen)) p->part[p->parts++] = seen;
    }
    Strip *s =
        p->parts
            ? strip_for(o, mix(mix((uint64_t)placed->pane + 1, (uint64_t)p->rect.y), (uint64_t)p->rect.h))
            : NULL;
    if (!s) return;
    uint64_t shape = mix_rect(mix(1, (uint64_t)p->image.w << 32 | (uint64_t)p->image.h), p->rect);
    s->key = mix(mix(s->key, shape), p->id);
    for (int k = 0; k < p->parts; k++) {
        s->shape = mix_rect(s->shape, p->part[k]);
        s->at = around(s->at, p->part[k]);
    }
    s->key = mix(s->key, s->shape);
    mark(o, p, (uint32_t)shape | 1);
    s->piece[s->n++] = o->pieces++;
}

static const Strip *before(const Overlay *o, const Strip *s)
{
    for (int i = 0; i < o->strips_before; i++)
        if (o->before[i].place == s->place) return &o->before[i];
    return NULL;
}

/* What is known of a strip from the frame before: painted when nothing changed, else since when it moves. */
static void inherit(const Overlay *o, Strip *s, double now)
{
    const Strip *b = before(o, s);
    s->changed = now;
    s->changed_before = b ? b->changed : -1;
    if (!b) return;
    s->sent = b->sent;
    if (b->key != s->key) return;
    s->changed = b->changed;
    s->changed_before = b->changed_before;
    s->painted = b->painted;
    s->refining = b->refining;
    s->quality = b->quality;
}

/* What moves, and how good it may be on this line. */
static void choose_quality(Overlay *o, double now)
{
    int cells = 0;
    for (int i = 0; i < o->strips; i++)
        if (o->strip[i].changed == now) cells += o->strip[i].at.w * o->strip[i].at.h;
    if (!cells) return;
    o->coarse = link_coarse(&o->link, cells);
    o->slow = link_seconds(&o->link, PIXELS_FINE, cells) > SLOW;
}

static uint32_t image_id(const Strip *s)
{
    return (uint32_t)s->place | 1;
}

/* kitty's pictures stay when text goes over them: those whose place is gone, or has other cells now, go. */
static void delete_images(Overlay *o, Buf *out)
{
    if (o->wipe) kitty_delete_all(out);
    o->wipe = false;
    if (o->spec.mode != PIXELS_KITTY) return;
    for (int i = 0; i < o->strips_before; i++) {
        const Strip *b = &o->before[i];
        Strip *now = NULL;
        for (int k = 0; k < o->strips && !now; k++)
            if (o->strip[k].place == b->place) now = &o->strip[k];
        if (!b->sent || (now && now->shape == b->shape)) continue;
        kitty_delete(out, image_id(b));
        if (now) now->sent = false;
    }
}

static void blank_cells(Overlay *o, Buf *out)
{
    bool any = false;
    for (int y = 0; y < o->rows; y++) {
        int at = -1;
        for (int x = 0; x < o->cols; x++) {
            uint32_t was = o->map_before[y * o->cols + x];
            if (!was || was == o->map[y * o->cols + x]) continue;
            if (!any) buf_str(out, "\0337\033[m");
            if (at != x) buf_printf(out, "\033[%d;%dH", y + 1, x + 1);
            buf_str(out, " ");
            at = x + 1;
            any = true;
        }
    }
    if (any) buf_str(out, "\0338");
}

/* A picture whose cells were blanked for the sake of another must be painted again. */
static void unpaint_blanked(Overlay *o, Strip *s)
{
    for (int y = s->at.y; y < s->at.y + s->at.h; y++)
        for (int x = s->at.x; x < s->at.x + s->at.w; x++) {
            uint32_t was = o->map_before[y * o->cols + x], is = o->map[y * o->cols + x];
            if (is && was != is) s->painted = false;
        }
}

void overlay_plan(Overlay *o, const Canvas *c, Buf *out)
{
    uint32_t *map = o->map_before;
    double now = clock_seconds();
    o->map_before = o->map;
    o->map = map;
    memset(map, 0, (size_t)o->cols * (size_t)o->rows * sizeof *map);
    memcpy(o->before, o->strip, (size_t)o->strips * sizeof *o->strip);
    o->strips_before = o->strips;
    o->strips = o->pieces = 0;
    if (o->spec.mode != PIXELS_NONE)
        for (int i = 0; i < c->pictures; i++) add_piece(o, c, i);
    for (int i = 0; i < o->strips; i++) {
        inherit(o, &o->strip[i], now);
        unpaint_blanked(o, &o->strip[i]);
    }
    choose_quality(o, now);
    delete_images(o, out);
    if (o->spec.mode != PIXELS_KITTY) blank_cells(o, out);
}

/* --- results -------------------------------------------------------------------------------------------- */

static void collect(Overlay *o)
{
    Encoded e;
    double total = 0;
    while (encoder_take(o->encoder, &e)) {
        total += e.ms;
        if (e.quality == PIXELS_FINE) o->fine_ms += (e.ms + o->times.tty_ms - o->fine_ms) * 0.3;
        link_encoded(&o->link, e.quality, e.bytes.n, e.cells);
        frames_put(o->frames, e.key, e.quality, &e.bytes);
        o->news = true;
    }
    if (total > 0) o->times.encode_ms = total;
}

static uint64_t task_key(const Overlay *o, const Strip *s)
{
    uint64_t key =
        mix(s->key, (uint64_t)o->spec.mode << 32 | (uint64_t)o->spec.cell_w << 16 | (uint64_t)o->spec.cell_h);
    return o->spec.mode == PIXELS_KITTY ? mix(key, image_id(s)) : key;
}

static const Buf *cached(const Overlay *o, const Strip *s, PixelQuality quality)
{
    return frames_find(o->frames, task_key(o, s), quality);
}

/* --- painting ------------------------------------------------------------------------------------------- */

/* Below sixel, pictures that are not made smaller for the line's sake cost next to nothing. */
static bool has_coarse(const Overlay *o)
{
    return o->spec.mode >= PIXELS_SIXEL || (o->spec.mode >= PIXELS_HALF256 && o->coarse < PIXELS_COARSE);
}

static double fine_after(const Overlay *o)
{
    return o->slow ? FINE_LATER : FINE_AFTER;
}

static PixelQuality wanted(const Overlay *o, const Strip *s, double now)
{
    bool replaced = s->changed_before >= 0 && o->fine_ms > FAST_MS; /* what is new appears fine at once */
    bool moving = has_coarse(o) && (o->slow || replaced) && now - s->changed < fine_after(o);
    return moving ? o->coarse : PIXELS_FINE;
}

/* Text went over a part of the strip. */
static bool written_over(const Overlay *o, const Strip *s, const Span *span)
{
    bool kitty = o->spec.mode == PIXELS_KITTY; /* whose pictures only a cleared screen removes: whole rows */
    for (int i = 0; i < s->n; i++) {
        const Piece *p = &o->piece[s->piece[i]];
        for (int k = 0; k < p->parts; k++)
            for (int y = p->part[k].y; y < p->part[k].y + p->part[k].h; y++)
                if (span[y].from < p->part[k].x + p->part[k].w && span[y].to > p->part[k].x &&
                    (!kitty || !span[y].from))
                    return true;
    }
    return false;
}

/* Appends a strip when it is at hand in the wanted quality, or better; false: it must be encoded. */
static bool paint_strip(Overlay *o, Strip *s, PixelQuality want, Buf *out)
{
    const Buf *bytes = NULL;
    PixelQuality quality = PIXELS_FINE + 1;
    bool costly = want < PIXELS_FINE && o->slow; /* then only what was asked for */
    while (!bytes && quality-- > want)
        if (!costly || quality == want) bytes = cached(o, s, quality);
    if (!bytes) return false;
    buf_put(out, bytes->p, bytes->n);
    s->painted = s->sent = true;
    s->quality = quality;
    return true;
}

static bool must_wait(Overlay *o, double now)
{
    if (o->waiting && now - o->sent > ACK_LATE) {
        o->waiting = false;
        o->unanswered++;
    }
    return o->waiting;
}

static void close_frame(Overlay *o, Buf *out, size_t from, double now)
{
    bool ask = o->unanswered < 3; /* a terminal that never answers is not asked any more */
    buf_str(out, "\0338\033[?25l");
    if (ask) buf_str(out, "\033[5n");
    o->times.bytes = out->n - from;
    o->waiting = ask;
    o->sent = now;
}

/* Asks for every missing strip, each with the pieces it has now. */
static bool ask(Overlay *o, const int *missing, const PixelQuality *want, int n, Err *err)
{
    static const size_t most = CANVAS_PICTURES;
    PixelTask task[STRIPS_MAX];
    Piece *flat = malloc(most * sizeof *flat);
    int used = 0;
    if (!flat) return err_nomem(err, "pictures to encode");
    for (int i = 0; i < n; i++) {
        const Strip *s = &o->strip[missing[i]];
        task[i] = (PixelTask){task_key(o, s), s->at, flat + used, s->n, want[i], image_id(s)};
        for (int k = 0; k < s->n; k++) flat[used++] = o->piece[s->piece[k]];
    }
    bool ok = encoder_ask(o->encoder, &o->spec, task, n, err);
    free(flat);
    return ok;
}

/* Bytes after which a frame is closed, so that the next key does not wait for long. */
static size_t frame_bytes(const Overlay *o)
{
    double most = SLOW * link_rate(&o->link);
    return most > 1e9 ? (size_t)1e9 : most < FRAME_MIN ? FRAME_MIN : (size_t)most;
}

/* Appends the strip if that can be done now; *missing: it must be encoded first. */
static bool show_strip(Overlay *o, Strip *s, PixelQuality want, bool first, Buf *out, bool *missing)
{
    size_t at = out->n;
    if (first) buf_str(out, "\0337");
    if (paint_strip(o, s, want, out)) return true;
    out->n = at;
    *missing = true;
    return false;
}

bool overlay_paint(Overlay *o, const Span *span, Buf *out, Err *err)
{
    int missing[STRIPS_MAX], n = 0;
    PixelQuality want[STRIPS_MAX];
    double now = clock_seconds();
    size_t from = out->n, most = frame_bytes(o);
    collect(o);
    o->news = false;
    bool wait = must_wait(o, now), any = false;
    for (int i = 0; i < o->strips; i++) {
        Strip *s = &o->strip[i];
        bool absent = false;
        want[n] = wanted(o, s, now);
        if (s->painted && written_over(o, s, span)) s->painted = false;
        if (s->painted && s->quality >= want[n]) continue;
        if (wait || out->n - from > most)
            absent = !cached(o, s, want[n]);
        else
            any |= show_strip(o, s, want[n], !any, out, &absent);
        if (!absent) continue;
        s->refining = want[n] == PIXELS_FINE;
        missing[n++] = i;
    }
    if (any) close_frame(o, out, from, now);
    return n ? ask(o, missing, want, n, err) : true;
}

void overlay_acked(Overlay *o)
{
    if (!o->waiting) return;
    o->waiting = false;
    o->unanswered = 0;
    double seconds = clock_seconds() - o->sent;
    o->times.tty_ms = seconds * 1000;
    link_acked(&o->link, o->times.bytes, seconds);
}

void overlay_leave(Overlay *o, Buf *out)
{
    if (o->wipe || o->spec.mode == PIXELS_KITTY) kitty_delete_all(out);
    o->wipe = false;
}

/* When a strip wants a frame: now if there is something to paint, later if its fine form was not asked for
 * yet. */
static double strip_due(Overlay *o, const Strip *s, double now)
{
    PixelQuality want = wanted(o, s, now);
    if (s->painted && s->quality == PIXELS_FINE) return INFINITY;
    bool better = !s->painted || s->quality < want;
    if (better && (o->news || cached(o, s, want))) return 0;
    return s->refining ? INFINITY : s->changed + fine_after(o);
}

double overlay_due(Overlay *o)
{
    double due = INFINITY, now = clock_seconds();
    collect(o);
    for (int i = 0; i < o->strips; i++) due = fmin(due, strip_due(o, &o->strip[i], now));
    return o->waiting && due < INFINITY ? fmax(due, o->sent + ACK_LATE) : due;
}

bool overlay_busy(Overlay *o)
{
    return encoder_busy(o->encoder);
}

OverlayTimes overlay_times(const Overlay *o)
{
    OverlayTimes t = o->times;
    t.rate = link_rate(&o->link);
    t.quality = o->coarse;
    return t;
}
