/* The wire format of Protocol Buffers, read field by field in place: nothing is copied or allocated, so a
 * file costs its own size however it is made. Source: protobuf.dev, "Encoding". */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is left of a message. */
typedef struct {
    const uint8_t *at, *end;
} Proto;

typedef enum { PROTO_VARINT, PROTO_FIXED64, PROTO_BYTES, PROTO_FIXED32 = 5 } ProtoWire;

typedef struct {
    uint32_t number;
    ProtoWire wire;
    uint64_t value; /* of a varint or fixed number */
    Proto bytes;    /* of PROTO_BYTES: a text, a message, or packed numbers */
} ProtoField;

/* The next field; false at the end, and where the message breaks off or holds what no message may: then p->at
 * is NULL. */
bool proto_next(Proto *p, ProtoField *f);
/* The next of packed varints; false as above. */
bool proto_varint(uint64_t *out, Proto *p);
static inline size_t proto_size(Proto p)
{
    return (size_t)(p.end - p.at);
}
