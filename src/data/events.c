/* TensorBoard event files: scalars and pictures, one flushed record each. */
#include "data/events.h"
#include "base/clock.h"
#include "base/digest.h"
#include "data/png.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct Events {
    FILE *file;
    char *path;
};

/* A protobuf message being encoded; a failed allocation shows at the end. */
typedef struct {
    uint8_t *bytes;
    size_t n, cap;
    bool lost;
} Message;

static void put_bytes(Message *m, const void *bytes, size_t n)
{
    if (m->lost) return;
    if (m->cap - m->n < n) {
        size_t cap = 2 * m->cap + n + 64;
        uint8_t *grown = realloc(m->bytes, cap);
        if (!grown) {
            m->lost = true;
            return;
        }
        m->bytes = grown;
        m->cap = cap;
    }
    if (n) memcpy(m->bytes + m->n, bytes, n);
    m->n += n;
}

static void put_varint(Message *m, uint64_t x)
{
    for (; x >= 0x80; x >>= 7) put_bytes(m, &(uint8_t){(uint8_t)(x | 0x80)}, 1);
    put_bytes(m, &(uint8_t){(uint8_t)x}, 1);
}

enum { WIRE_VARINT = 0, WIRE_DOUBLE = 1, WIRE_BYTES = 2, WIRE_FLOAT = 5 };

static void put_key(Message *m, unsigned field, unsigned wire)
{
    put_varint(m, field << 3 | wire);
}

static void put_int(Message *m, unsigned field, int64_t x)
{
    put_key(m, field, WIRE_VARINT);
    put_varint(m, (uint64_t)x);
}

static void put_block(Message *m, unsigned field, const void *bytes, size_t n)
{
    put_key(m, field, WIRE_BYTES);
    put_varint(m, n);
    put_bytes(m, bytes, n);
}

/* Adds `part` as a field and frees it. */
static void put_message(Message *m, unsigned field, Message *part)
{
    if (part->lost) m->lost = true;
    put_block(m, field, part->bytes, part->n);
    free(part->bytes);
    *part = (Message){0};
}

static uint32_t masked_crc(const void *bytes, size_t n)
{
    uint32_t crc = digest_crc32c(0, bytes, n);
    return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

/* u64 length, its masked CRC, the bytes, their masked CRC. */
static bool write_record(Events *ev, const Message *m, Err *err)
{
    uint64_t length = m->n;
    uint32_t length_crc = masked_crc(&length, 8), data_crc = masked_crc(m->bytes, m->n);
    if (fwrite(&length, 8, 1, ev->file) == 1 && fwrite(&length_crc, 4, 1, ev->file) == 1 &&
        fwrite(m->bytes, m->n, 1, ev->file) == 1 && fwrite(&data_crc, 4, 1, ev->file) == 1 &&
        !fflush(ev->file))
        return true;
    return err_set(err, ERR_IO, "%s: cannot write: %s", ev->path, strerror(errno));
}

/* Event {1 wall_time, then what `rest` holds}; frees rest. */
static bool write_event(Events *ev, Message *rest, Err *err)
{
    Message m = {.lost = rest->lost};
    double now = clock_wall();
    put_key(&m, 1, WIRE_DOUBLE);
    put_bytes(&m, &now, sizeof now);
    put_bytes(&m, rest->bytes, rest->n);
    bool ok = m.lost ? err_nomem(err, "an event") : write_record(ev, &m, err);
    free(m.bytes);
    free(rest->bytes);
    return ok;
}

static bool write_version(Events *ev, Err *err)
{
    Message rest = {0};
    put_block(&rest, 3, "brain.Event:2", 13);
    return write_event(ev, &rest, err);
}

/* 2 step, `field` part; frees part. */
static bool write_step(Events *ev, int64_t step, unsigned field, Message *part, Err *err)
{
    Message rest = {0};
    put_int(&rest, 2, step);
    put_message(&rest, field, part);
    return write_event(ev, &rest, err);
}

/* SessionLog {1 status = START}: what an earlier file says from this step on is forgotten. */
static bool write_restart(Events *ev, int64_t step, Err *err)
{
    Message session = {0};
    put_int(&session, 1, 1);
    return write_step(ev, step, 7, &session, err);
}

static bool open_file(Events *ev, const char *folder, Err *err)
{
    char host[65] = "host";
    gethostname(host, sizeof host - 1);
    for (char *p = host; *p; p++)
        if (*p == '/') *p = '-';
    if (asprintf(&ev->path, "%s/events.out.tfevents.%010.0f.%s.%ld.0", folder, clock_wall(), host,
                 (long)getpid()) < 0) {
        ev->path = NULL;
        return err_nomem(err, "an event file");
    }
    ev->file = fopen(ev->path, "abe");
    return ev->file || err_set(err, ERR_IO, "%s: cannot write: %s", ev->path, strerror(errno));
}

Events *events_open(const char *folder, int64_t first_step, Err *err)
{
    Events *ev = calloc(1, sizeof *ev);
    if (!ev) {
        err_nomem(err, "an event file");
        return NULL;
    }
    if (open_file(ev, folder, err) && write_version(ev, err) &&
        (first_step <= 0 || write_restart(ev, first_step, err)))
        return ev;
    events_close(ev);
    return NULL;
}

/* Summary {1 Value {1 tag, `field` ...}}: value holds all but the tag; frees it. */
static bool write_summary(Events *ev, const char *tag, int64_t step, Message *rest, Err *err)
{
    Message value = {0}, summary = {0};
    put_block(&value, 1, tag, strlen(tag));
    put_bytes(&value, rest->bytes, rest->n);
    value.lost |= rest->lost;
    free(rest->bytes);
    put_message(&summary, 1, &value);
    return write_step(ev, step, 5, &summary, err);
}

bool events_scalar(Events *ev, const char *tag, int64_t step, float value, Err *err)
{
    Message rest = {0};
    put_key(&rest, 2, WIRE_FLOAT);
    put_bytes(&rest, &value, sizeof value);
    return write_summary(ev, tag, step, &rest, err);
}

/* Value.Image {1 height, 2 width, 3 colourspace (the number of channels), 4 PNG}. */
bool events_image(Events *ev, const char *tag, int64_t step, const Image *im, Err *err)
{
    uint8_t *png;
    size_t size;
    Message image = {0}, rest = {0};
    if (!png_encode(&png, &size, im, NULL, 0, err)) return false;
    put_int(&image, 1, im->h);
    put_int(&image, 2, im->w);
    put_int(&image, 3, im->c);
    put_block(&image, 4, png, size);
    free(png);
    put_message(&rest, 4, &image);
    return write_summary(ev, tag, step, &rest, err);
}

const char *events_path(const Events *ev)
{
    return ev->path;
}

void events_close(Events *ev)
{
    if (!ev) return;
    if (ev->file) fclose(ev->file);
    free(ev->path);
    free(ev);
}
