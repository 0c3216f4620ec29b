/* Fields of a message one after another; every length is checked against what is left. */
#include "data/protobuf.h"
#include <string.h>

static bool broken(Proto *p)
{
    p->at = NULL;
    return false;
}

bool proto_varint(uint64_t *out, Proto *p)
{
    uint64_t x = 0;
    if (!p->at || p->at == p->end) return false;
    for (int shift = 0; shift < 64 && p->at < p->end; shift += 7) {
        uint8_t byte = *p->at++;
        x |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            *out = x;
            return true;
        }
    }
    return broken(p);
}

/* Little-endian, as the machines we run on. */
static bool fixed(ProtoField *f, Proto *p, size_t size)
{
    f->value = 0;
    if (proto_size(*p) < size) return broken(p);
    memcpy(&f->value, p->at, size);
    p->at += size;
    return true;
}

static bool bytes(ProtoField *f, Proto *p)
{
    uint64_t size;
    if (!proto_varint(&size, p)) return broken(p);
    if (size > proto_size(*p)) return broken(p);
    f->bytes = (Proto){p->at, p->at + size};
    p->at += size;
    return true;
}

bool proto_next(Proto *p, ProtoField *f)
{
    uint64_t tag;
    if (!proto_varint(&tag, p)) return false;
    *f = (ProtoField){.number = (uint32_t)(tag >> 3), .wire = (ProtoWire)(tag & 7)};
    if (tag >> 32 || f->number == 0) return broken(p);
    switch (f->wire) {
    case PROTO_VARINT:
        return proto_varint(&f->value, p) || broken(p);
    case PROTO_FIXED64:
        return fixed(f, p, 8);
    case PROTO_BYTES:
        return bytes(f, p);
    case PROTO_FIXED32:
        return fixed(f, p, 4);
    default:
        return broken(p);
    }
}
