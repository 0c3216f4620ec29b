/* Opens other people's models: tells files apart, finds the architecture, and says what is known of it. */
#include "model/import.h"
#include "base/file.h"
#include "base/json.h"
#include "data/onnx.h"
#include "model/architecture.h"
#include "model/import_card.h"
#include "model/onnx_import.h"
#include "model/spec.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void import_free(Imported *m)
{
    weights_drop(m->weights);
    weights_drop(m->mapping_weights);
    net_free(m->net);
    net_free(m->mapping);
    for (int i = 0; m->class_name && i < m->classes; i++) free(m->class_name[i]);
    free(m->class_name);
    free(m->w_mean);
    free(m->noise);
    free(m->card);
    *m = (Imported){0};
}

/* ---- What ports say --------------------------------------------------------------------------------- */

static const Shape *port_shape(const Net *net, const char *name)
{
    ValueId id = net_port(net, name);
    return id == NET_NONE ? NULL : &net_value(net, id)->shape;
}

/* The range of an output that ends in a squashing activation. */
static void guess_range(Imported *m)
{
    const Value *v = net_value(m->net, net_port(m->net, "image"));
    const Node *node = v && v->producer >= 0 ? net_node(m->net, v->producer) : NULL;
    if (!isnan(m->low) || !node || node->op != OP_ACT) return;
    if (node->attrs.act == ACT_TANH) m->low = -1, m->high = 1;
    if (node->attrs.act == ACT_SIGMOID) m->low = 0, m->high = 1;
}

static bool refuse_port(const char *path, const char *name, const Shape *has, const char *wants, Err *err)
{
    char text[64] = "missing";
    if (has) shape_text(text, sizeof text, has);
    return err_set(err, ERR_FORMAT, "%s: its port \"%s\" is %s where %s is needed", path, name, text, wants);
}

static bool read_image(Imported *m, const char *path, Err *err)
{
    const Shape *image = port_shape(m->net, "image");
    if (!image || image->rank != 4)
        return refuse_port(path, "image", image, "(N, channels, height, width)", err);
    m->channels = image->dim[1], m->height = image->dim[2], m->width = image->dim[3];
    return true;
}

static bool read_generator(Imported *m, const char *path, Err *err)
{
    const Net *first = m->mapping ? m->mapping : m->net;
    const Shape *z = port_shape(first, "z"), *class = port_shape(first, "class");
    if (!z || z->rank < 2 || shape_count(z, 1) > 65536) return refuse_port(path, "z", z, "(N, numbers)", err);
    if (class && class->rank != 2) return refuse_port(path, "class", class, "(N, classes)", err);
    m->z_dim = (int)shape_count(z, 1);
    if (class) m->classes = class->dim[1];
    guess_range(m);
    return true;
}

static bool read_encoder(Imported *m, const char *path, Err *err)
{
    const Shape *logits = port_shape(m->net, "logits"), *features = port_shape(m->net, "features");
    if (!logits && !features) return refuse_port(path, "features", NULL, "(N, numbers)", err);
    if (logits && logits->rank != 2) return refuse_port(path, "logits", logits, "(N, classes)", err);
    if (features && features->rank != 2) return refuse_port(path, "features", features, "(N, numbers)", err);
    if (m->class_name && (!logits || m->classes != logits->dim[1]))
        return err_set(err, ERR_FORMAT, "%s: %d classes have names, but there are %d logits", path,
                       m->classes, logits ? logits->dim[1] : 0);
    m->classes = logits ? logits->dim[1] : 0;
    return true;
}

static bool read_ports(Imported *m, const char *path, Err *err)
{
    return read_image(m, path, err) &&
           (m->kind == IMPORT_GENERATOR ? read_generator(m, path, err) : read_encoder(m, path, err));
}

/* ---- Specs ------------------------------------------------------------------------------------------ */

static bool build_by(Imported *out, State *s, const char *spec, Err *err)
{
    uint8_t *text;
    size_t size;
    if (!file_read(spec, SPEC_FILE_MAX, &text, &size, err)) return false;
    bool ok = spec_build(out, s, (const char *)text, size, spec, err);
    free(text);
    return ok;
}

static bool is_spec(const char *name)
{
    size_t n = strlen(name);
    return n > 5 && !strcmp(name + n - 5, ".spec");
}

/* Whether the one spec of the shipped ones that fits was found: all its tensors are there, and no others. */
static bool build_by_shipped(Imported *out, State *s, char kind[128])
{
    char folder[3072], path[4096], **names;
    if (!file_shipped(folder, sizeof folder, "assets/specs", NULL)) return false;
    long n = file_list(folder, &names, NULL);
    bool ok = false;
    for (long i = 0; i < n && !ok; i++)
        ok = is_spec(names[i]) && file_join(path, sizeof path, folder, names[i], NULL) &&
             build_by(out, s, path, NULL);
    if (ok) snprintf(kind, 128, "state dict, by %.90s", strrchr(path, '/') + 1);
    if (n >= 0) free(names);
    return ok;
}

/* kind: how the architecture was found, for the card. */
static bool build_state(Imported *out, State *s, const char *spec, char kind[128], Err *err)
{
    char beside[4096];
    snprintf(beside, sizeof beside, "%s.spec", s->path);
    snprintf(kind, 128, "state dict, by a spec");
    if (spec || file_exists(beside)) return build_by(out, s, spec ? spec : beside, err);
    for (const Architecture *const *a = architectures; *a; a++) {
        if (!(*a)->is(s)) continue;
        snprintf(kind, 128, "state dict of %s", (*a)->name);
        return (*a)->build(out, s, err);
    }
    return build_by_shipped(out, s, kind) ||
           err_set(err, ERR_FORMAT,
                   "%s: its tensors do not tell how they belong together: write a spec (viewsmith info "
                   "prints a draft) and give it with --spec, or export ONNX",
                   s->path);
}

static bool open_state(Imported *out, const uint8_t *bytes, size_t size, const char *path, const char *spec,
                       char kind[128], Err *err)
{
    State s;
    if (!state_decode(&s, bytes, size, path, NULL, err)) return false;
    bool ok = build_state(out, &s, spec, kind, err);
    state_close(&s);
    return ok;
}

/* ---- Files ------------------------------------------------------------------------------------------ */

static bool is_safetensors(const uint8_t *bytes, size_t size)
{
    return size > 8 && bytes[8] == '{' && !bytes[6] && !bytes[7];
}

static bool refuse_content(const uint8_t *bytes, size_t size, const char *path, Err *err)
{
    if (size > 8 && !memcmp(bytes, "\x89HDF\r\n\x1a\n", 8))
        return err_set(err, ERR_FORMAT,
                       "%s: Keras and HDF5 files are not read: export ONNX, python -m tf2onnx.convert "
                       "--keras %s --output model.onnx",
                       path, path);
    if (size > 2 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5)
        return err_set(err, ERR_FORMAT,
                       "%s: this is a Python pickle of a whole program, which is never run: save the "
                       "state_dict with torch.save, or export "
                       "ONNX",
                       path);
    return err_set(err, ERR_FORMAT,
                   "%s: this is no model: ONNX, PyTorch state dicts and safetensors are read", path);
}

static bool open_bytes(Imported *out, const uint8_t *bytes, size_t size, const char *path, const char *spec,
                       Err *err)
{
    char kind[128] = "ONNX graph";
    bool state = torchfile_is(bytes, size) || is_safetensors(bytes, size);
    bool ok = state                          ? open_state(out, bytes, size, path, spec, kind, err)
              : onnx_looks_like(bytes, size) ? onnx_import_bytes(out, bytes, size, path, err)
                                             : refuse_content(bytes, size, path, err);
    return ok && read_ports(out, path, err) && import_describe(out, path, bytes, size, kind, err);
}

bool import_open(Imported *out, const char *path, const char *spec, Err *err)
{
    uint8_t *bytes;
    size_t size;
    *out = (Imported){0};
    if (!file_read(path, SAFETENSORS_FILE_MAX, &bytes, &size, err)) return false;
    bool ok = open_bytes(out, bytes, size, path, spec, err);
    free(bytes);
    if (!ok) import_free(out);
    return ok;
}
