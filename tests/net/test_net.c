/* The graph: what it refuses, in which words, and what it says of itself. */
#include "check.h"
#include "net/layers.h"
#include "net/net.h"
#include "net/ops.h"
#include <stdio.h>
#include <string.h>

/* Builds a net by `build`, which makes one mistake, and checks the sentence about it. */
static void expect(void (*build)(Net *), const char *words)
{
    Err err = {0};
    Net *net = net_new();
    build(net);
    assert_refused(net_finish(net, &err), err, err.code, words);
    assert_string_equal(net_mistake(net), err.msg);
    net_free(net);
}

static ValueId x_of(Net *net)
{
    return net_input(net, "x", shape4(NET_BATCH, 3, 8, 8));
}

static void channels(Net *net)
{
    ValueId w = net_param(net, "conv1.weight", shape4(4, 2, 3, 3), init_he());
    net_output(net, "y", net_add(net, OP_CONV, (ValueId[]){x_of(net), w}, 2, NULL));
}

static void kernel(Net *net)
{
    net_output(net, "y", layer_conv(net, x_of(net), "c", 4, 11, 1, 1, true, init_he()));
}

static void bias(Net *net)
{
    ValueId in[] = {x_of(net), net_param(net, "w", shape4(4, 3, 3, 3), init_he()),
                    net_param(net, "b", shape1(5), init_zero())};
    net_output(net, "y", net_add(net, OP_CONV, in, 3, NULL));
}

static void transposed(Net *net)
{
    ValueId in[] = {x_of(net), net_param(net, "w", shape4(3, 4, 3, 3), init_he())};
    net_output(net, "y", net_add(net, OP_CONVT, in, 2, &(Attrs){.stride = {2, 2}, .out_pad = {2, 2}}));
}

static void style(Net *net)
{
    layer_modconv(net, x_of(net), net_input(net, "s", shape2(NET_BATCH, 4)), "m", 4, 3, true, true,
                  init_he());
}

static void broadcasts(Net *net)
{
    layer_add(net, x_of(net), net_param(net, "p", shape1(5), init_zero()));
}

static void batch_inside(Net *net)
{
    layer_add(net, x_of(net), net_input(net, "v", shape2(NET_BATCH, 8)));
}

static void products(Net *net)
{
    net_add(net, OP_MATMUL, (ValueId[]){x_of(net), net_input(net, "v", shape4(NET_BATCH, 3, 7, 8))}, 2, NULL);
}

static void reshaped(Net *net)
{
    layer_reshape(net, x_of(net), shape2(NET_BATCH, 191));
}

static void reshaped_batch(Net *net)
{
    layer_reshape(net, net_param(net, "p", shape2(4, 4), init_zero()), shape2(NET_BATCH, 16));
}

static void sliced(Net *net)
{
    layer_slice(net, x_of(net), 1, 2, 2);
}

static void batch_axis(Net *net)
{
    layer_slice(net, x_of(net), 0, 0, 1);
}

static void permuted(Net *net)
{
    ValueId x = x_of(net);
    net_add(net, OP_TRANSPOSE, &x, 1, &(Attrs){.perm = {0, 2, 2, 1}});
}

static void joined(Net *net)
{
    layer_concat(net, x_of(net), net_input(net, "v", shape4(NET_BATCH, 3, 8, 9)), 1);
}

static void statistics(Net *net)
{
    ValueId p = net_param(net, "p", shape1(3), init_zero()), b = net_buffer(net, "b", shape1(3), init_zero());
    net_add(net, OP_BATCHNORM, (ValueId[]){x_of(net), NET_NONE, NET_NONE, p, b}, 5, NULL);
}

static void scales(Net *net)
{
    ValueId s = net_param(net, "s", shape1(4), init_zero());
    net_add(net, OP_INSTANCENORM, (ValueId[]){x_of(net), s}, 2, NULL);
}

static void twice(Net *net)
{
    ValueId x = net_input(net, "x", shape2(NET_BATCH, 3));
    net_add(net, OP_INSTANCENORM, (ValueId[]){x, x}, 2, NULL);
}

static void windows(Net *net)
{
    layer_maxpool(net, x_of(net), 2, 2, 2);
}

static void spectral(Net *net)
{
    ValueId u = net_buffer(net, "u", shape1(3), init_zero());
    net_add(net, OP_SPECTRAL, (ValueId[]){x_of(net), u}, 2, NULL);
}

static void activation(Net *net)
{
    layer_act(net, x_of(net), (ActKind)99);
}

static void missing(Net *net)
{
    net_add(net, OP_ADD, (ValueId[]){x_of(net), NET_NONE}, 2, NULL);
}

static void foreign(Net *net)
{
    net_add(net, OP_ADD, (ValueId[]){x_of(net), 7}, 2, NULL);
}

static void few(Net *net)
{
    ValueId x = x_of(net);
    net_add(net, OP_CONV, &x, 1, NULL);
}

static void unknown(Net *net)
{
    ValueId x = x_of(net);
    net_add(net, OP_COUNT, &x, 1, NULL);
}

static void attribute(Net *net)
{
    layer_conv(net, x_of(net), "c", 4, 3, -1, 1, true, init_he());
}

static void names(Net *net)
{
    net_param(net, "p", shape1(3), init_zero());
    net_buffer(net, "p", shape1(3), init_zero());
}

static void ports(Net *net)
{
    ValueId y = layer_act(net, x_of(net), ACT_RELU);
    net_output(net, "y", y);
    net_output(net, "y", y);
}

static void echo(Net *net)
{
    net_output(net, "y", layer_flatten(net, x_of(net)));
}

static void no_output(Net *net)
{
    layer_act(net, x_of(net), ACT_RELU);
}

static void batch_param(Net *net)
{
    net_param(net, "p", shape2(NET_BATCH, 3), init_zero());
}

static void huge(Net *net)
{
    net_param(net, "p", shape4(65536, 65536, 1, 1), init_zero());
}

static void huge_result(Net *net)
{
    ValueId x = x_of(net);
    for (int i = 0; i < 5; i++) x = layer_upsample(net, x, 32, 0);
}

static void negative(Net *net)
{
    net_input(net, "x", shape4(NET_BATCH, 3, -1, 4));
}

static void test_mistakes(void **state)
{
    (void)state;
    expect(channels, "node 0 (conv 'x'): x (N,3,8,8) has 3 channels, but w (4,2,3,3) takes 2");
    expect(
        kernel,
        "w (4,3,11,11) with stride 1x1, padding 1,1,1,1, dilation 1x1 and 1 group does not fit x (N,3,8,8)");
    expect(bias, "bias (5) must be (4)");
    expect(transposed, "does not fit x (N,3,8,8)");
    expect(style, "style (N,4) must hold one number per image and channel of x (N,3,8,8)");
    expect(broadcasts, "a (N,3,8,8) and b (5) do not broadcast");
    expect(batch_inside, "do not broadcast to one shape that begins with the batch");
    expect(products, "a (N,3,8,8) and b (N,3,7,8) cannot be multiplied");
    expect(reshaped, "x (N,3,8,8) cannot take the shape (N,191)");
    expect(reshaped_batch, "x (4,4) cannot take the shape (N,16)");
    expect(sliced, "2 from 2 on is not within the 3 of axis 1");
    expect(batch_axis, "axis 0 is not one of 1 to 3");
    expect(permuted, "perm must hold 0 first");
    expect(joined, "(N,3,8,8) and (N,3,8,9) differ in more than axis 1");
    expect(statistics, "running state must be a buffer");
    expect(scales, "scale (4) must be (3)");
    expect(twice, "two inputs are the same value");
    expect(windows, "a 2x2 window with stride 2x2 and padding 2,2,2,2 does not fit");
    expect(spectral, "w must be a weight");
    expect(activation, "there is no activation 99");
    expect(missing, "an input is missing");
    expect(foreign, "an input is missing");
    expect(few, "it has 1 inputs, not 2 to 3");
    expect(unknown, "there is no such op");
    expect(attribute, "an attribute is negative or above 65,536");
    expect(names, "the name 'p' is used twice");
    expect(ports, "there are two ports named 'y'");
    expect(echo, "port 'y' is 'x' itself");
    expect(no_output, "the net has no output port");
    expect(batch_param, "p (N,3): dimensions must be positive, without the batch");
    expect(huge, "larger than 2^31 numbers");
    expect(huge_result, "larger than 2^31 numbers");
    expect(negative, "dimensions must be positive, and only the first may be the batch");
}

/* The first mistake is the one reported, and nothing can be added afterwards, nor after net_finish. */
static void test_first_mistake_wins(void **state)
{
    (void)state;
    Err err = {0};
    Net *net = net_new();
    ValueId x = x_of(net);
    assert_int_equal(layer_act(net, x, (ActKind)99), NET_NONE);
    assert_int_equal(layer_conv(net, x, "c", 4, 99, 1, 0, true, init_he()), NET_NONE);
    assert_refused(net_finish(net, &err), err, ERR_FORMAT, "there is no activation 99");
    net_free(net);
    net = net_new();
    x = x_of(net);
    net_output(net, "y", layer_act(net, x, ACT_RELU));
    err = (Err){0};
    assert_ok(net_finish(net, &err), err);
    assert_null(net_mistake(net));
    assert_int_equal(net_nodes(net), 1);
    assert_int_equal(layer_act(net, x, ACT_RELU), NET_NONE);
    assert_int_equal(net_nodes(net), 1);
    assert_non_null(strstr(net_mistake(net), "finished"));
    net_free(net);
}

static void test_shapes(void **state)
{
    (void)state;
    Shape s = shape4(NET_BATCH, 3, 8, 16), big = shape4(1 << 30, 1 << 30, 1 << 30, 2);
    char text[64];
    shape_text(text, sizeof text, &s);
    assert_string_equal(text, "(N,3,8,16)");
    char small[6];
    shape_text(small, sizeof small, &s);
    assert_string_equal(small, "(N,3,");
    assert_int_equal(shape_count(&s, 5), 5 * 3 * 8 * 16);
    assert_true(shape_count(&big, 1) == SIZE_MAX);
    Shape t = s;
    t.dim[5] = 99; /* beyond the rank: no matter */
    assert_true(shape_equal(&s, &t));
    t.dim[3] = 17;
    assert_false(shape_equal(&s, &t));
}

static const Shape *after(Net *net, ValueId v)
{
    return &net_value(net, v)->shape;
}

/* Shapes of results as PyTorch gives them. */
static void test_inferred_shapes(void **state)
{
    (void)state;
    Err err = {0};
    Net *net = net_new();
    ValueId x = x_of(net), y = layer_conv(net, x, "c", 5, 4, 2, 1, true, init_he());
    assert_memory_equal(after(net, y)->dim, ((int[]){NET_BATCH, 5, 4, 4}), 4 * sizeof(int));
    y = layer_convt(net, x, "t", 5, 4, 2, 1, true, init_he());
    assert_memory_equal(after(net, y)->dim, ((int[]){NET_BATCH, 5, 16, 16}), 4 * sizeof(int));
    y = layer_maxpool(net, x, 3, 2, 1);
    assert_memory_equal(after(net, y)->dim, ((int[]){NET_BATCH, 3, 4, 4}), 4 * sizeof(int));
    y = layer_op(net, OP_BATCHSTD, x);
    assert_memory_equal(after(net, y)->dim, ((int[]){NET_BATCH, 4, 8, 8}), 4 * sizeof(int));
    y = layer_add(net, net_param(net, "p", shape4(2, 1, 1, 8), init_zero()),
                  net_param(net, "q", shape2(3, 1), init_zero()));
    assert_memory_equal(after(net, y)->dim, ((int[]){2, 1, 3, 8}), 4 * sizeof(int));
    y = layer_flatten(net, x);
    assert_memory_equal(after(net, y)->dim, ((int[]){NET_BATCH, 192}), 2 * sizeof(int));
    assert_int_equal(net_value(net, y)->alias_of, x);
    net_output(net, "y", layer_act(net, y, ACT_RELU));
    assert_ok(net_finish(net, &err), err);
    assert_int_equal(net_port(net, "x"), x);
    assert_int_equal(net_port(net, "none"), NET_NONE);
    assert_true(net_macs(net, 2) == 2.0 * (5 * 4 * 4 * 3 * 4 * 4 + 3 * 8 * 8 * 5 * 4 * 4));
    net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_first_mistake_wins),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_inferred_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
