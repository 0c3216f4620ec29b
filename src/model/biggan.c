/* BigGAN-deep from its tensors and the config.json beside them, in the layout of
 * huggingface/pytorch-pretrained-BigGAN (Brock et al. 2019, appendix B).
 *
 * w is z, the class's embedding, and one number more, the truncation: 1 as the mapping makes it, 0 in the
 * means, hence psi wherever w is pulled to the mean of its class; the standing statistics of every norm are
 * looked up by it. One layer of styles for the first linear map, and one for each block. */
#include "base/file.h"
#include "base/json.h"
#include "math/point.h"
#include "model/architecture.h"
#include "net/layers.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 160, BLOCKS_MAX = 40, START = 4 };

typedef struct {
    Build b;
    int cond; /* numbers of z and embedding together */
    float eps;
    bool up[BLOCKS_MAX]; /* per block, attention not counted */
    int blocks;
    ValueId style, truncation; /* of the layer at hand */
} Synthesis;

static bool is_biggan(const State *s)
{
    return state_has(s, "embeddings.weight") && state_has(s, "generator.gen_z.weight_orig") &&
           state_has(s, "generator.bn.running_means");
}

static const char *name_of(char out[NAME_MAX_BYTES], const char *layer, const char *part)
{
    snprintf(out, NAME_MAX_BYTES, "%.90s.%.30s", layer, part);
    return out;
}

/* ---- config.json: which blocks double the size cannot be told from shapes --------------------------- */

static bool read_blocks(Synthesis *g, const Json *o, const char *path, Err *err)
{
    const Json *list = json_get(o, "layers");
    bool ok = list && json_is_array(list) && json_count(list) >= 1 && json_count(list) <= BLOCKS_MAX;
    for (size_t i = 0; ok && i < json_count(list); i++) {
        const Json *entry = json_at(list, i);
        ok = json_is_array(entry) && json_count(entry) == 3;
        ok = ok && json_value_bool(json_at(entry, 0), &g->up[i]);
        g->blocks++;
    }
    g->eps = (float)json_num(o, "eps", 1e-4);
    if (!(g->eps > 0 && g->eps < 1)) ok = false;
    return ok || err_set(err, ERR_FORMAT, "%s: \"layers\" or \"eps\" is not as BigGAN-deep's configs have it",
                         path);
}

static bool read_config(Synthesis *g, const char *model, Err *err)
{
    char path[4096];
    uint8_t *text;
    size_t size;
    const char *slash = strrchr(model, '/');
    int folder = slash ? (int)(slash - model) + 1 : 0;
    snprintf(path, sizeof path, "%.*sconfig.json", folder, model);
    if (!file_exists(path))
        return err_set(err, ERR_IO, "%s: BigGAN-deep needs its config.json beside it", model);
    if (!file_read(path, 1 << 20, &text, &size, err)) return false;
    Json *o = json_parse((const char *)text, size, path, err);
    free(text);
    bool ok = o && read_blocks(g, o, path, err);
    json_drop(o);
    return ok;
}

/* ---- Mapping ---------------------------------------------------------------------------------------- */

static bool build_mapping(Imported *out, State *s, Err *err)
{
    Build b;
    if (!build_begin(&b, s, err)) return false;
    Shape embed = build_shape(&b, "embeddings.weight"), first = build_shape(&b, "generator.gen_z.weight");
    int z = first.rank == 2 && embed.rank == 2 ? first.dim[1] - embed.dim[0] : 0;
    if (z < 1) build_refuse(&b, "its first layer does not take z and an embedding");
    ValueId in = net_input(b.net, "z", shape2(NET_BATCH, z < 1 ? 1 : z));
    ValueId onehot = net_input(b.net, "class", shape2(NET_BATCH, embed.rank == 2 ? embed.dim[1] : 1));
    ValueId class =
        net_add(b.net, OP_LINEAR, (ValueId[]){onehot, build_param(&b, "embeddings.weight")}, 2, NULL);
    ValueId one = layer_scale(b.net, layer_slice(b.net, in, 1, 0, 1), 0, 1);
    net_output(b.net, "w", net_add(b.net, OP_CONCAT, (ValueId[]){in, class, one}, 3, &(Attrs){.axis = 1}));
    return build_end(&out->mapping, &out->mapping_weights, &b, err);
}

/* (classes, w_dim): z 0, the class's embedding, truncation 0. */
static bool make_means(Imported *out, State *s, int cond, Err *err)
{
    const Tensor *t = state_find(s, "embeddings.weight");
    size_t embed = (size_t)t->shape[0], classes = (size_t)t->shape[1], w = (size_t)cond + 1,
           z = (size_t)cond - embed;
    float *table = malloc(t->count * sizeof *table);
    out->w_mean = calloc(classes * w, sizeof *out->w_mean);
    bool ok = table && out->w_mean ? state_floats(table, s, t, err) : err_nomem(err, "class embeddings");
    for (size_t k = 0; ok && k < classes; k++)
        for (size_t j = 0; j < embed; j++) out->w_mean[k * w + z + j] = table[j * classes + k];
    free(table);
    return ok;
}

/* ---- Layers ----------------------------------------------------------------------------------------- */

static ValueId linear(Synthesis *g, ValueId x, const char *layer, bool bias)
{
    char name[NAME_MAX_BYTES];
    ValueId weight = build_param(&g->b, name_of(name, layer, "weight"));
    ValueId in[] = {x, weight, bias ? build_param(&g->b, name_of(name, layer, "bias")) : NET_NONE};
    return net_add(g->b.net, OP_LINEAR, in, bias ? 3 : 2, NULL);
}

static ValueId conv(Synthesis *g, ValueId x, const char *layer, int pad, bool bias)
{
    char name[NAME_MAX_BYTES];
    ValueId weight = build_param(&g->b, name_of(name, layer, "weight"));
    ValueId in[] = {x, weight, bias ? build_param(&g->b, name_of(name, layer, "bias")) : NET_NONE};
    return net_add(g->b.net, OP_CONV, in, bias ? 3 : 2, &(Attrs){.pad = {pad, pad, pad, pad}});
}

static ValueId standing(Synthesis *g, const char *layer, const char *table)
{
    char name[NAME_MAX_BYTES];
    return net_add(g->b.net, OP_STANDING,
                   (ValueId[]){g->truncation, build_buffer(&g->b, name_of(name, layer, table))}, 2, NULL);
}

/* scale / sqrt(var + eps) * (x - mean) + offset, ReLU; the statistics are those of the truncation. */
static ValueId norm_with(Synthesis *g, ValueId x, const char *layer, ValueId scale, ValueId offset)
{
    Net *net = g->b.net;
    ValueId var = layer_scale(net, standing(g, layer, "running_vars"), 1, g->eps);
    ValueId inverse = net_add(net, OP_POINT, &var, 1, &(Attrs){.mode = POINT_POW, .alpha = -0.5f});
    ValueId a = layer_mul(net, inverse, scale);
    ValueId shift = layer_scale(net, layer_mul(net, standing(g, layer, "running_means"), a), -1, 0);
    return layer_act(net, net_add(net, OP_AFFINE, (ValueId[]){x, a, layer_add(net, shift, offset)}, 3, NULL),
                     ACT_RELU);
}

/* The conditional one: scale and offset are linear in z and class. */
static ValueId norm(Synthesis *g, ValueId x, const char *block, int index)
{
    char layer[NAME_MAX_BYTES / 2], name[NAME_MAX_BYTES];
    snprintf(layer, sizeof layer, "%s.bn_%d", block, index);
    ValueId scale = layer_scale(g->b.net, linear(g, g->style, name_of(name, layer, "scale"), false), 1, 1);
    return norm_with(g, x, layer, scale, linear(g, g->style, name_of(name, layer, "offset"), false));
}

static ValueId block_conv(Synthesis *g, ValueId x, const char *block, int index)
{
    char layer[NAME_MAX_BYTES / 2];
    snprintf(layer, sizeof layer, "%s.conv_%d", block, index);
    return conv(g, x, layer, index == 1 || index == 2, true);
}

static int channels_of(const Synthesis *g, ValueId x)
{
    const Value *v = net_value(g->b.net, x);
    return v && v->shape.rank == 4 ? v->shape.dim[1] : 1;
}

/* Styles of the next layer, split into what they condition and the truncation. */
static void next_style(Synthesis *g, int index)
{
    char port[16];
    snprintf(port, sizeof port, "w%d", index);
    ValueId w = net_input(g->b.net, port, shape2(NET_BATCH, g->cond + 1));
    g->style = layer_slice(g->b.net, w, 1, 0, g->cond);
    g->truncation = layer_slice(g->b.net, w, 1, g->cond, 1);
}

static ValueId residual(Synthesis *g, ValueId x, const char *block, bool up)
{
    Net *net = g->b.net;
    ValueId y = block_conv(g, norm(g, x, block, 0), block, 0);
    y = norm(g, y, block, 1);
    if (up) y = layer_upsample(net, y, 2, 0);
    y = block_conv(g, y, block, 1);
    y = block_conv(g, norm(g, y, block, 2), block, 2);
    y = block_conv(g, norm(g, y, block, 3), block, 3);
    int in = channels_of(g, x);
    if (channels_of(g, y) != in) x = layer_slice(net, x, 1, 0, in / 2 > 0 ? in / 2 : 1);
    if (up) x = layer_upsample(net, x, 2, 0);
    return layer_add(net, y, x);
}

/* (N,C,P) of a 1x1 convolution, pooled where that is wanted; turned: (N,P,C). */
static ValueId tokens(Synthesis *g, ValueId x, const char *block, const char *part, bool pool, bool turned)
{
    char layer[NAME_MAX_BYTES / 2];
    Net *net = g->b.net;
    snprintf(layer, sizeof layer, "%s.snconv1x1_%s", block, part);
    ValueId t = conv(g, x, layer, 0, false);
    if (pool) t = net_add(net, OP_MAXPOOL, &t, 1, &(Attrs){.kernel = {2, 2}, .stride = {2, 2}});
    const Value *v = net_value(net, t);
    int c = v ? v->shape.dim[1] : 1, p = v ? v->shape.dim[2] * v->shape.dim[3] : 1;
    t = layer_reshape(net, t, (Shape){3, {NET_BATCH, c, p}});
    return turned ? net_add(net, OP_TRANSPOSE, &t, 1, &(Attrs){.perm = {0, 2, 1}}) : t;
}

/* x + gamma * attention (Zhang et al. 2019). */
static ValueId attention(Synthesis *g, ValueId x, const char *block)
{
    char layer[NAME_MAX_BYTES], name[NAME_MAX_BYTES];
    Net *net = g->b.net;
    ValueId query = tokens(g, x, block, "theta", false, true), key = tokens(g, x, block, "phi", true, false);
    ValueId share = layer_op(net, OP_SOFTMAX, net_add(net, OP_MATMUL, (ValueId[]){query, key}, 2, NULL));
    ValueId y = net_add(net, OP_MATMUL, (ValueId[]){share, tokens(g, x, block, "g", true, true)}, 2, NULL);
    const Value *v = net_value(net, y), *picture = net_value(net, x);
    y = net_add(net, OP_TRANSPOSE, &y, 1, &(Attrs){.perm = {0, 2, 1}});
    if (v && picture)
        y = layer_reshape(net, y,
                          shape4(NET_BATCH, v->shape.dim[2], picture->shape.dim[2], picture->shape.dim[3]));
    y = conv(g, y, name_of(layer, block, "snconv1x1_o_conv"), 0, false);
    return layer_add(net, x, layer_mul(net, y, build_param(&g->b, name_of(name, block, "gamma"))));
}

static ValueId start(Synthesis *g)
{
    next_style(g, 1);
    ValueId x = linear(g, g->style, "generator.gen_z", true);
    const Value *v = net_value(g->b.net, x);
    x = layer_reshape(g->b.net, x,
                      shape4(NET_BATCH, START, START,
                             v && v->shape.dim[1] >= START * START ? v->shape.dim[1] / (START * START) : 1));
    return net_add(g->b.net, OP_TRANSPOSE, &x, 1, &(Attrs){.perm = {0, 3, 1, 2}});
}

static ValueId picture(Synthesis *g, ValueId x)
{
    Net *net = g->b.net;
    ValueId scale = build_param(&g->b, "generator.bn.weight"),
            offset = build_param(&g->b, "generator.bn.bias");
    x = conv(g, norm_with(g, x, "generator.bn", scale, offset), "generator.conv_to_rgb", 1, true);
    return layer_act(net, layer_slice(net, x, 1, 0, 3), ACT_TANH);
}

static bool build_synthesis(Imported *out, Synthesis *g, State *s, Err *err)
{
    char block[40], name[NAME_MAX_BYTES];
    if (!build_begin(&g->b, s, err)) return false;
    ValueId x = start(g);
    int done = 0;
    for (int i = 0; i < 2 * BLOCKS_MAX && !g->b.err.code; i++) {
        snprintf(block, sizeof block, "generator.layers.%d", i);
        if (build_has(&g->b, name_of(name, block, "gamma"))) {
            x = attention(g, x, block);
        } else if (build_has(&g->b, name_of(name, block, "conv_0.weight"))) {
            if (done == g->blocks) build_refuse(&g->b, "it has more blocks than its config.json says");
            next_style(g, done + 2);
            x = residual(g, x, block, g->up[done++ % BLOCKS_MAX]);
        } else {
            break;
        }
    }
    if (done != g->blocks)
        build_refuse(&g->b, "it has %d blocks, and its config.json says %d", done, g->blocks);
    net_output(g->b.net, "image", picture(g, x));
    return build_end(&out->net, &out->weights, &g->b, err);
}

static bool build_biggan(Imported *out, State *s, Err *err)
{
    Synthesis g = {0};
    *out = (Imported){.low = -1, .high = 1, .latent = "truncated", .straight = true};
    bool ok = read_config(&g, s->path, err) && build_mapping(out, s, err);
    if (ok) g.cond = net_value(out->mapping, net_port(out->mapping, "w"))->shape.dim[1] - 1;
    if (ok && build_synthesis(out, &g, s, err) && make_means(out, s, g.cond, err) && state_all_used(s, err))
        return true;
    import_free(out);
    return false;
}

const Architecture architecture_biggan = {"BigGAN-deep", is_biggan, build_biggan};
