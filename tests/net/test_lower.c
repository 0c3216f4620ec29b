/* Lowering: the net that is run computes what the user's net says, forward and backward, in every mode; and
 * it really is made of convolutions on maps with everything between them gone. */
#include "check.h"
#include "net/ops.h"
#include "twice.h"
#include <stdio.h>
#include <string.h>

enum { BATCH = 5 };

/* ---- Nets of convolutions
 * ---------------------------------------------------------------------------------- */

static ValueId conv_norm(Net *net, ValueId x, const char *name, int out, int kernel, int stride)
{
    char norm[64];
    snprintf(norm, sizeof norm, "%s.norm", name);
    return layer_batchnorm(net, layer_conv(net, x, name, out, kernel, stride, kernel / 2, false, init_he()),
                           norm);
}

static ValueId relu(Net *net, ValueId x)
{
    return layer_act(net, x, ACT_RELU);
}

static ValueId residual(Net *net, ValueId x, const char *name, int in, int out, int stride)
{
    char part[48];
    snprintf(part, sizeof part, "%s.1", name);
    ValueId y = relu(net, conv_norm(net, x, part, out, 3, stride));
    snprintf(part, sizeof part, "%s.2", name);
    y = conv_norm(net, y, part, out, 3, 1);
    snprintf(part, sizeof part, "%s.s", name);
    if (stride != 1 || in != out) x = conv_norm(net, x, part, out, 1, stride);
    return relu(net, layer_add(net, y, x));
}

static void encoder(Net *net)
{
    ValueId x = relu(net, conv_norm(net, picture(net, 1, 12, 12), "stem", 16, 3, 1));
    x = residual(net, residual(net, x, "a", 16, 16, 1), "b", 16, 32, 2);
    x = layer_op(net, OP_MEANHW, x);
    net_output(net, "features", x);
    net_output(net, "out", layer_linear(net, x, "head", 5, true, init_he()));
}

static void odd(Net *net)
{
    ValueId x = relu(net, conv_norm(net, picture(net, 3, 5, 9), "stem", 17, 3, 1));
    x = residual(net, residual(net, x, "a", 17, 17, 1), "b", 17, 23, 2);
    net_output(net, "map", x);
    net_output(net, "sum", layer_op(net, OP_SUMHW, x));
}

static void critic(Net *net)
{
    ConvOptions down = {.stride = 2, .pad = 1, .bias = true, .spectral = true}, flat = down;
    flat.stride = 1;
    ValueId x = layer_leaky(net, layer_conv_with(net, picture(net, 1, 8, 8), "a", 16, 4, down, init_he()),
                            0.2f, 1.6f);
    x = layer_leaky(net, layer_conv_with(net, x, "b", 32, 3, flat, init_he()), 0.2f, 1.6f);
    x = layer_op(net, OP_BATCHSTD, x);
    x = layer_leaky(net, layer_conv_with(net, x, "c", 16, 4, down, init_he()), 0.2f, 1.6f);
    net_output(net, "y", layer_linear(net, layer_flatten(net, x), "d", 1, true, init_he()));
}

static void dcgan(Net *net)
{
    ValueId x = layer_reshape(net, net_input(net, "z", shape2(NET_BATCH, 32)), shape4(NET_BATCH, 32, 1, 1));
    x = layer_convt(net, x, "first", 48, 4, 1, 0, false, init_he());
    x = relu(net, layer_batchnorm(net, x, "n1"));
    x = layer_convt(net, x, "up1", 20, 4, 2, 1, false, init_he());
    x = relu(net, layer_batchnorm(net, x, "n2"));
    x = layer_convt(net, x, "up2", 3, 4, 2, 1, true, init_he());
    net_output(net, "image", layer_act(net, x, ACT_TANH));
}

/* Values read twice, sums of three, activations that maps do and do not know, a norm that follows no
 * convolution. */
static void branches(Net *net)
{
    ValueId x = layer_conv(net, picture(net, 2, 7, 7), "a", 18, 3, 1, 1, true, init_he());
    ValueId y = layer_conv(net, x, "b", 18, 3, 1, 1, true, init_he());
    ValueId n = layer_batchnorm(net, y, "norm"), r = relu(net, n);
    ValueId s = layer_add(net, layer_add(net, n, r), layer_act(net, x, ACT_TANH));
    s = layer_add(net, s, layer_act(net, y, ACT_SIGMOID));
    s = layer_batchnorm(net, layer_scale(net, layer_add(net, s, s), 0.5f, 0), "second");
    net_output(net, "sum", s);
    net_output(net, "norm", n);
    net_output(net, "three",
               relu(net, layer_conv(net, layer_leaky(net, s, 0.1f, 2), "c", 3, 1, 1, 0, true, init_he())));
    net_output(net, "mean", layer_op(net, OP_MEANHW, layer_leaky(net, y, 0.3f, 1.5f)));
}

static ValueId style_of(Net *net, const char *name, int channels)
{
    ValueId w = net_port(net, "w");
    if (w == NET_NONE) w = net_input(net, "w", shape2(NET_BATCH, 6));
    return layer_linear(net, w, name, channels, true, init_fan_in(1));
}

static ValueId noisy(Net *net, ValueId x, const char *port, int side)
{
    char name[32];
    snprintf(name, sizeof name, "%s.strength", port);
    x = layer_noise(net, x, net_input(net, port, shape4(NET_BATCH, 1, side, side)), name);
    return layer_leaky(net, x, 0.2f, 1.4f);
}

static void styles(Net *net)
{
    ValueId x = layer_constant(net, "start", 20, 5, 5);
    x = layer_modconv(net, x, style_of(net, "s1", 20), "c1", 17, 3, true, true, init_he());
    x = noisy(net, x, "n1", 5);
    x = layer_modconv(net, x, style_of(net, "s2", 17), "c2", 16, 3, true, true, init_he());
    x = noisy(net, layer_upsample(net, x, 2, 1), "n2", 10);
    x = layer_modconv(net, x, style_of(net, "s3", 16), "c3", 18, 3, true, false, init_he());
    x = noisy(net, layer_upsample(net, layer_act(net, x, ACT_RELU), 2, 0), "n3", 20);
    x = layer_modconv(net, x, style_of(net, "s4", 18), "rgb", 1, 1, false, true, init_he());
    net_output(net, "image", layer_act(net, x, ACT_TANH));
}

/* Other sizes, odd windows, channels of odd counts beside each other. */
static void sizes(Net *net)
{
    ValueId x = picture(net, 3, 9, 7), a = relu(net, conv_norm(net, x, "a", 9, 3, 1));
    ValueId b = conv_norm(net, x, "b", 19, 5, 1), c = layer_conv(net, x, "c", 33, 1, 1, 0, true, init_he());
    ValueId all = net_add(net, OP_CONCAT, (ValueId[]){a, b, c, a}, 4, &(Attrs){.axis = 1});
    net_output(net, "all", all);
    ValueId p = layer_avgpool(net, conv_norm(net, all, "d", 20, 3, 1), 3, 2, 1);
    net_output(net, "pool", relu(net, p));
    net_output(net, "up", layer_conv(net, layer_upsample(net, p, 2, 1), "e", 6, 3, 2, 1, false, init_he()));
    net_output(net, "near", layer_op(net, OP_SUMHW, layer_upsample(net, relu(net, p), 2, 0)));
}

static const Zoo nets[] = {{"styles", styles}, {"sizes", sizes}, {"encoder", encoder},  {"odd", odd},
                           {"critic", critic}, {"dcgan", dcgan}, {"branches", branches}};
enum { NETS = sizeof nets / sizeof *nets };

static Net *built(const Zoo *z)
{
    Err err = {0};
    Net *net = net_new();
    z->build(net);
    if (!net_finish(net, &err)) fail_msg("%s: %s", z->name, err.msg);
    return net;
}

/* ---- The same function and gradients
 * ------------------------------------------------------------------------- */

static void compare(const Zoo *z, double bound)
{
    Net *net = built(z);
    for (int mode = EXEC_INFER; mode <= (EXEC_TRAIN | EXEC_EXACT); mode++)
        for (int g = 0; g < 4; g++) {
            const char *what = lowered_differs(net, 3, BATCH, (ExecMode)mode,
                                               (ExecGrads){.params = g & 1, .inputs = g >> 1}, 4, bound);
            if (what) fail_msg("%s, mode %d, gradients %d: %s", z->name, mode, g, what);
        }
    net_free(net);
}

static void test_same_numbers(void **state)
{
    (void)state;
    for (int i = 0; i < NETS; i++) compare(&nets[i], 2e-4);
    for (int i = 0; i < ZOO; i++) compare(&zoo[i], 2e-4);
}

/* ---- What is run
 * ----------------------------------------------------------------------------------------------- */

/* The ops of the lowered net, in order, with spaces between. */
static void ops_of(char *out, size_t cap, void (*build)(Net *), ExecMode mode, ExecGrads g)
{
    Err err = {0};
    Net *net = built(&(Zoo){"", build});
    Exec *e = exec_new(net, 2, mode, g, NULL, &err);
    assert_ok(e, err);
    *out = 0;
    for (int i = 0; i < exec_steps(e); i++) {
        strncat(out, exec_step(e, i, 2).op, cap - strlen(out) - 1);
        strncat(out, " ", cap - strlen(out) - 1);
    }
    exec_free(e);
    net_free(net);
}

static void assert_ops(void (*build)(Net *), ExecMode mode, ExecGrads g, const char *expected)
{
    char seen[1024];
    ops_of(seen, sizeof seen, build, mode, g);
    assert_string_equal(seen, expected);
}

static void test_what_is_run(void **state)
{
    (void)state;
    assert_ops(
        encoder, EXEC_INFER, (ExecGrads){0},
        "coef mapconv coef mapconv coef mapconv coef mapconv coef coef mapconv mapconv meanhw linear ");
    assert_ops(encoder, EXEC_TRAIN, (ExecGrads){.params = true},
               "mapconv coef mapconv coef mapconv coef join mapconv coef mapconv coef mapconv coef join "
               "meanhw linear ");
    assert_ops(dcgan, EXEC_INFER, (ExecGrads){0}, "reshape recast coef mapconv coef mapconv mapconv act ");
    assert_ops(
        styles, EXEC_INFER, (ExecGrads){0},
        "broadcast linear tomap style demod linear mapconv style demod mapconv upsample linear join style "
        "demod mapconv upsample linear join style mapconv act ");
    assert_ops(critic, EXEC_TRAIN, (ExecGrads){.params = true},
               "spectral spectral mapconv mapconv batchstd spectral mapconv frommap reshape linear ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_numbers),
                                       cmocka_unit_test(test_what_is_run)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
