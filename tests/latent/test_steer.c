/* Steering: every command, every way to get one wrong, and the tree of undo and redo. */
#include "latent/steer.h"
#include "model/tiny.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static int make(void **state)
{
    *state = tiny_generator(3, 1, NULL, NULL);
    return *state ? 0 : -1;
}

static int drop(void **state)
{
    generator_drop(*state);
    return 0;
}

/* The text after the model. */
static const char *fields(const Address *a)
{
    static char text[ADDRESS_BYTES_MAX + 1];
    assert_true(address_print(text, a, NULL));
    return strchr(text, '/') + 1;
}

static void test_commands(void **state)
{
    static const struct {
        const char *command, *expected;
    } step[] = {
        {"seed 4711", "seed=4711/class=0/psi=1"},
        {"class bag", "seed=4711/class=1/psi=1"},
        {"class Ankle  boot", NULL},
        {" class ankle boot\n", "seed=4711/class=0/psi=1"},
        {"class 2", "seed=4711/class=2/psi=1"},
        {"psi 0.7", "seed=4711/class=2/psi=0.7"},
        {"psi 0.5 1-2", "seed=4711/class=2/psi=0.5:1-2"},
        {"set pca-1 1.25", "seed=4711/class=2/psi=0.5:1-2/pca-1=1.25"},
        {"set pca-1 2", "seed=4711/class=2/psi=0.5:1-2/pca-1=2"},
        {"set sefa-2 -1 2-3", "seed=4711/class=2/psi=0.5:1-2/pca-1=2/sefa-2=-1:2-3"},
        {"set pca-1 0", "seed=4711/class=2/psi=0.5:1-2/sefa-2=-1:2-3"},
        {"mix 12 3-4", "seed=4711/mix=12:3-4/class=2/psi=0.5:1-2/sefa-2=-1:2-3"},
        {"mix 13 4-4", "seed=4711/mix=13:4-4/class=2/psi=0.5:1-2/sefa-2=-1:2-3"},
        {"mix off", "seed=4711/class=2/psi=0.5:1-2/sefa-2=-1:2-3"},
        {"noise off", "seed=4711/class=2/psi=0.5:1-2/sefa-2=-1:2-3/noise=off"},
        {"noise 5", "seed=4711/class=2/psi=0.5:1-2/sefa-2=-1:2-3/noise=5"},
        {"noise stored", "seed=4711/class=2/psi=0.5:1-2/sefa-2=-1:2-3"},
        {"px blur 1.5", "seed=4711/class=2/psi=0.5:1-2/sefa-2=-1:2-3/px-blur=1.5"},
        {"px rotate 10", "seed=4711/class=2/psi=0.5:1-2/sefa-2=-1:2-3/px-rotate=10/px-blur=1.5"},
        {"px blur sigma=2", "seed=4711/class=2/psi=0.5:1-2/sefa-2=-1:2-3/px-rotate=10/px-blur=2"},
        {"px blur sigma=0", "seed=4711/class=2/psi=0.5:1-2/sefa-2=-1:2-3/px-rotate=10"},
        {"px occlude", "seed=4711/class=2/psi=0.5:1-2/sefa-2=-1:2-3/px-rotate=10/px-occlude=0.5,0.5,0.25"},
        {"px occlude side=0.4 x=0.3",
         "seed=4711/class=2/psi=0.5:1-2/sefa-2=-1:2-3/px-rotate=10/px-occlude=0.3,0.5,0.4"},
        {"px occlude value=1",
         "seed=4711/class=2/psi=0.5:1-2/sefa-2=-1:2-3/px-rotate=10/px-occlude=0.3,0.5,0.4,1"},
        {"px occlude off", "seed=4711/class=2/psi=0.5:1-2/sefa-2=-1:2-3/px-rotate=10"},
        {"view gauss:0.2:3", "seed=4711/class=2/psi=0.5:1-2/sefa-2=-1:2-3/px-rotate=10/view=gauss:0.2:3"},
        {"view off", "seed=4711/class=2/psi=0.5:1-2/sefa-2=-1:2-3/px-rotate=10"},
        {"lerp 1,2 0.5", "lerp=1,2:0.5/class=2/psi=0.5:1-2/sefa-2=-1:2-3/px-rotate=10"},
        {"blend 1,2,3,4 0.5,0.25", "blend=1,2,3,4:0.5,0.25/class=2/psi=0.5:1-2/sefa-2=-1:2-3/px-rotate=10"},
        {"latent w.0123456789abcdef",
         "latent=w.0123456789abcdef/class=2/psi=0.5:1-2/sefa-2=-1:2-3/px-rotate=10"},
        {"reset", "latent=w.0123456789abcdef/class=2/psi=1"},
    };
    Generator *g = *state;
    Address a = steer_start(g, 1, 0, 1);
    for (size_t i = 0; i < sizeof step / sizeof *step; i++) {
        Err err = {0};
        bool ok = steer_apply(&a, g, step[i].command, &err);
        if (!step[i].expected)
            assert_false(ok);
        else if (!ok)
            fail_msg("%s: %s", step[i].command, err.msg);
        else
            assert_string_equal(fields(&a), step[i].expected);
    }
    char command[1200] = "go ";
    Address start = steer_start(g, 9, 99, 0.5f);
    assert_int_equal(start.class, 2);
    assert_true(address_print(command + 3, &start, NULL));
    assert_true(steer_apply(&a, g, command, NULL));
    assert_true(address_equal(&a, &start));
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *command, *message;
    } bad[] = {
        {"", "no command \"\"; there are seed, latent, blend, lerp, class, psi, set, mix, noise, px, view, "
             "reset, go"},
        {"sed 1", "no command \"sed\"; there are seed,"},
        {"seed", "this command is: seed N"},
        {"seed 1 2", "this command is: seed N"},
        {"seed -1", "field seed=-1, column 6: the seed is expected, a whole number"},
        {"psi high", "field psi=high, column 5: psi is expected,"},
        {"psi 1 3-9", "psi reaches layer 9, but tiny has 4 style layers"},
        {"set zoom 1", "tiny has no direction \"zoom\""},
        {"set seed 3", "tiny has no direction \"seed\""},
        {"set pca-1", "this command is: set DIRECTION X [A-B]"},
        {"set pca-1 1/psi=2", "field pca-1=1/psi=2, column 8: the field should end here"},
        {"mix 12", "field mix=12, column 7: ':' is expected after the latent of a mix"},
        {"mix 12 4-5", "mix reaches layer 5, but tiny has 4 style layers"},
        {"class trouser", "\"trouser\" is no class: the classes are 0 to 2, or "},
        {"px melt off", "no pixel operator \"melt\"; there are rotate, occlude, blur and noise"},
        {"px occlude size=1", "px occlude has no \"size\", but x, y, side, value"},
        {"px occlude x=1 side", "\"side\" is not side=NUMBER"},
        {"px occlude x=1 side=9", "px-occlude: side must be from 0 to 4 widths of the picture"},
        {"px noise counter=1.5", "px-noise: counter must be from 0 to 1000000 in whole numbers"},
        {"px blur 99", "field px-blur=99, column 9: px-blur: sigma must be from 0 to 32 pixels"},
        {"view spin:1:1", "view=spin: there are only the views gauss, angular and layers"},
        {"go vs1:x", "address, column 6: '@' is expected"},
        {"class a b c d e f g h i", "the command has over 8 words"},
    };
    Generator *g = *state;
    Address a = steer_start(g, 1, 0, 1), before = a;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Err err = {0};
        if (steer_apply(&a, g, bad[i].command, &err)) fail_msg("accepted: %s", bad[i].command);
        if (strncmp(err.msg, bad[i].message, strlen(bad[i].message)))
            fail_msg("\"%s\" where \"%s\" is expected", err.msg, bad[i].message);
        assert_true(address_equal(&a, &before));
    }
}

static void test_history(void **state)
{
    Generator *g = *state;
    Err err = {0};
    Address start = steer_start(g, 1, 0, 1);
    Steer *s = steer_new(&start, &err);
    assert_false(steer_undo(s) || steer_redo(s));
    assert_true(steer_do(s, g, "seed 2", NULL, &err));
    assert_true(steer_do(s, g, "seed 3", NULL, &err));
    assert_true(steer_do(s, g, "seed 3", NULL, &err)); /* changes nothing */
    assert_int_equal(steer_depth(s), 2);
    assert_false(steer_do(s, g, "seed x", NULL, &err));
    assert_int_equal(steer_depth(s), 2);
    assert_true(steer_undo(s));
    assert_int_equal(steer_now(s)->source.ref[0].id, 2);
    assert_true(steer_do(s, g, "seed 4", NULL, &err)); /* a second branch after 2 */
    assert_true(steer_undo(s) && steer_redo(s));
    assert_int_equal(steer_now(s)->source.ref[0].id, 4);
    assert_true(steer_undo(s));
    assert_int_equal(steer_branch(s), 2);
    assert_true(steer_redo(s));
    assert_int_equal(steer_now(s)->source.ref[0].id, 3);
    assert_int_equal(steer_branch(s), 0);
    assert_true(steer_undo(s) && steer_undo(s) && !steer_undo(s));
    assert_int_equal(steer_now(s)->source.ref[0].id, 1);
    assert_true(steer_push(s, &start, &err));
    assert_int_equal(steer_depth(s), 0);
    steer_free(s);
}

static void test_merge(void **state)
{
    Generator *g = *state;
    Err err = {0};
    Address start = steer_start(g, 1, 0, 1);
    Steer *s = steer_new(&start, &err);
    char command[40];
    for (int i = 1; i < 20; i++) {
        snprintf(command, sizeof command, "set pca-1 %d", i);
        assert_true(steer_do(s, g, command, "drag 1", &err));
    }
    assert_int_equal(steer_depth(s), 1);
    assert_true(steer_do(s, g, "set pca-1 0.5", "drag 2", &err));
    assert_int_equal(steer_depth(s), 2);
    assert_true(steer_undo(s));
    assert_string_equal(fields(steer_now(s)), "seed=1/class=0/psi=1/pca-1=19");
    assert_true(
        steer_do(s, g, "set pca-1 7", "drag 1", &err)); /* would lose what redo leads to: a new branch */
    assert_true(steer_undo(s));
    assert_string_equal(fields(steer_now(s)), "seed=1/class=0/psi=1/pca-1=19");
    steer_free(s);
}

/* Random walks: undo and redo agree with a list, also beyond the limit of steps. */
static void test_limit(void **state)
{
    Generator *g = *state;
    Err err = {0};
    Address start = steer_start(g, 0, 0, 1), a = start;
    Steer *s = steer_new(&start, &err);
    for (uint64_t i = 1; i <= STEER_NODES_MAX + 100; i++) {
        a.source.ref[0].id = i;
        assert_true(steer_push(s, &a, &err));
        if (i % 1000 == 0) { /* a side branch */
            assert_true(steer_undo(s));
            a.class = 1;
            assert_true(steer_push(s, &a, &err));
            a.class = 0;
        }
    }
    assert_true(steer_depth(s) < STEER_NODES_MAX && steer_depth(s) > STEER_NODES_MAX - 30);
    int undone = 0;
    while (steer_undo(s)) undone++;
    assert_true(steer_now(s)->source.ref[0].id > 90);
    assert_int_equal(steer_now(s)->source.ref[0].id + (uint64_t)undone, STEER_NODES_MAX + 100);
    steer_free(s);
}

static void test_nodes(void **state)
{
    Generator *g = *state;
    Err err = {0};
    Address start = steer_start(g, 0, 0, 1);
    Steer *s = steer_new(&start, &err);
    SteerNode node[8];
    char words[64];
    assert_true(steer_do(s, g, "set pca-1 1", NULL, &err) &&
                steer_do(s, g, "set pca-2 -0.5 1-2", NULL, &err));
    steer_undo(s);
    assert_true(steer_do(s, g, "class bag", NULL, &err) && steer_do(s, g, "psi 0.5", NULL, &err));
    /* seed 0 / pca-1 / (aside: pca-2) / bag / psi */
    static const struct {
        int column;
        uint64_t rails;
        const char *words;
    } row[] = {
        {0, 1, "seed 0"}, {0, 1, "pca-1 +1"}, {1, 1, "pca-2 -0.5 on 1-2"}, {0, 1, "bag"}, {0, 0, "psi 0.50"}};
    assert_int_equal(steer_count(s), 5);
    assert_int_equal(steer_nodes(s, node, 8), 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(node[i].column, row[i].column);
        assert_int_equal(node[i].rails, row[i].rails);
        assert_int_equal(node[i].now, i == 4);
        steer_describe(words, sizeof words, g, node[i].before, node[i].address);
        assert_string_equal(words, row[i].words);
    }
    int aside = node[2].id;
    assert_true(steer_go(s, aside));
    assert_string_equal(fields(steer_now(s)), "seed=0/class=0/psi=1/pca-1=1/pca-2=-0.5:1-2");
    assert_int_equal(steer_nodes(s, node, 8), 5); /* what was the line is the branch now */
    assert_int_equal(node[2].column, 1);
    assert_int_equal(node[4].id, aside);
    assert_true(steer_go(s, node[0].id) && steer_redo(s) && steer_redo(s) && !steer_redo(s));
    assert_string_equal(fields(steer_now(s)), "seed=0/class=0/psi=1/pca-1=1/pca-2=-0.5:1-2");
    assert_false(steer_go(s, 999));
    assert_int_equal(steer_nodes(s, node, 3), 3);
    steer_free(s);
}

static void test_words(void **state)
{
    Generator *g = *state;
    Address a = steer_start(g, 7, 0, 1), b = a;
    char words[64];
    steer_describe(words, sizeof words, g, &a, &b);
    assert_string_equal(words, "the same");
    static const struct {
        const char *command, *words;
    } step[] = {{"px blur 2", "blur 2"},
                {"px occlude 0.5,0.5,0.25", "occlude 0.25"},
                {"px blur off", "no blur"},
                {"px occlude x=0.4", "occlude x 0.4"},
                {"px occlude x=0.3 y=0.6", "occlude x 0.3 and 1 more"},
                {"px occlude side=0.5", "occlude 0.5"},
                {"mix 12 3-4", "mix 12 on 3-4"},
                {"mix off", "no mix"},
                {"noise off", "noise off"},
                {"lerp 1,2 0.5", "A to B 0.50"},
                {"view gauss:0.2:3", "view gauss"},
                {"set pca-3 2", "pca-3 +2"}};
    for (size_t i = 0; i < sizeof step / sizeof *step; i++) {
        a = b;
        assert_true(steer_apply(&b, g, step[i].command, NULL));
        steer_describe(words, sizeof words, g, &a, &b);
        assert_string_equal(words, step[i].words);
    }
    a = steer_start(g, 7, 1, 1);
    steer_describe(words, sizeof words, g, &b, &a);
    assert_string_equal(words, "seed 7 and 5 more");
}

/* One number by name: as the strip of a slider goes. */
static void test_amounts(void **state)
{
    Generator *g = *state;
    Err err = {0};
    Address a = steer_start(g, 7, 0, 1), b;
    static const char *const names[] = {"psi", "pca-3", "px-blur", "px-occlude", "px-occlude.y"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(steer_amount(&a, g, names[i], 0.75f, &err));
    b = steer_start(g, 7, 0, 0.75f);
    assert_true(steer_apply(&b, g, "set pca-3 0.75", NULL) && steer_apply(&b, g, "px blur 0.75", NULL) &&
                steer_apply(&b, g, "px occlude 0.5,0.75,0.75", NULL));
    assert_true(address_equal(&a, &b));
    assert_false(steer_amount(&a, g, "px-melt", 1, &err));
    assert_non_null(strstr(err.msg, "no pixel operator \"melt\""));
    err = (Err){0};
    assert_false(steer_amount(&a, g, "px-blur.x", 1, &err));
    assert_non_null(strstr(err.msg, "px blur has no \"x\", but sigma"));
    assert_false(steer_amount(&a, g, "pca-99", 1, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_commands), cmocka_unit_test(test_mistakes),
                                       cmocka_unit_test(test_amounts),  cmocka_unit_test(test_history),
                                       cmocka_unit_test(test_merge),    cmocka_unit_test(test_limit),
                                       cmocka_unit_test(test_nodes),    cmocka_unit_test(test_words)};
    return cmocka_run_group_tests(tests, make, drop);
}
