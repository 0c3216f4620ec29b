/* judge: what it writes, and that interrupted and killed ones go on bit for bit. */
#include "cli/command.h"

#define SMALL "--data fashion-small --size 8 --encoder tiny --batch 16 --save-every 0.01 --quiet "

static char digest[17]; /* of the judge trained in one go */

static void trained_in_one_go(void **state)
{
    Err err = {0};
    Encoder *e;
    (void)state;
    Json *o = result_of(viewsmith("judge " SMALL "--steps 60 --seed 3 --out whole.safetensors --json"));
    assert_int_equal(json_int(o, "images_seen", 0), 60 * 16);
    assert_in_range((unsigned)(100 * json_num(o, "accuracy_valid", 0)), 25, 100); /* chance is 10 */
    assert_ok(encoder_open(&e, "whole.safetensors", &err), err);
    assert_int_equal(e->config.classes, 10);
    snprintf(digest, sizeof digest, "%s", e->digest);
    Json *card = json_parse(e->card, strlen(e->card), "card", &err);
    assert_non_null(card);
    assert_int_equal(json_int(card, "images_seen", 0), 60 * 16);
    assert_true(json_num(card, "accuracy_valid", -1) == json_num(o, "accuracy_valid", -2));
    assert_true(json_bool(card, "labels", false));
    assert_has(json_str(card, "licence", ""), "MIT");
    assert_has(json_str(card, "command", ""), "--steps 60 --rate 0.1");
    assert_false(file_exists("whole.safetensors.checkpoint"));
    json_drop(card);
    encoder_drop(e);
    json_drop(o);
}

/* The card's own command makes the same judge again. */
static void its_command_makes_it_again(void **state)
{
    Err err = {0};
    Encoder *e;
    char line[2048];
    (void)state;
    assert_ok(encoder_open(&e, "whole.safetensors", &err), err);
    Json *card = json_parse(e->card, strlen(e->card), "card", &err);
    snprintf(line, sizeof line, "%s", json_str(card, "command", ""));
    char *file = strstr(line, "FILE");
    assert_non_null(file);
    *file = 0;
    assert_int_equal(viewsmith("%s again.safetensors --quiet", line + strlen("viewsmith "))->status, 0);
    json_drop(card);
    encoder_drop(e);
    assert_ok(encoder_open(&e, "again.safetensors", &err), err);
    assert_string_equal(e->digest, digest);
    encoder_drop(e);
}

/* In the foreground, for else timeout signals twice, and a second interrupt does not wait. */
static int timed(const char *signal, double seconds, const char *args)
{
    char line[1024];
    snprintf(line, sizeof line,
             "timeout --foreground --preserve-status -s %s %.2f '%s' judge %s >said.out 2>said.err", signal,
             seconds, VIEWSMITH_PROGRAM, args);
    int status = system(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void killed_ones_go_on(void **state)
{
    Err err = {0};
    Encoder *e;
    int kills = 0, status = -1;
    bool begun = false;
    (void)state;
    remove("killed.safetensors.checkpoint");
    for (double seconds = 0.1; status != 0; seconds *= 1.3) {
        status = timed(
            "KILL", seconds,
            begun
                ? "--data fashion-small --size 8 --save-every 0.01 --quiet --resume --out killed.safetensors"
                : SMALL "--steps 60 --seed 3 --out killed.safetensors");
        begun = file_exists("killed.safetensors.checkpoint");
        kills += status != 0;
        if (status != 0) assert_int_equal(status, 137);
    }
    assert_true(kills > 0);
    assert_ok(encoder_open(&e, "killed.safetensors", &err), err);
    assert_string_equal(e->digest, digest);
    Json *card = json_parse(e->card, strlen(e->card), "card", &err);
    assert_has(json_str(card, "command", ""), "--encoder tiny --batch 16 --steps 60");
    json_drop(card);
    encoder_drop(e);
}

static void an_interrupt_saves(void **state)
{
    char err[4096];
    (void)state;
    remove("endless.safetensors.checkpoint");
    remove("endless.safetensors.checkpoint.1");
    int status = timed("INT", 2, SMALL "--steps 1000000 --out endless.safetensors");
    read_text(err, sizeof err, "said.err");
    assert_int_equal(status, 130);
    assert_has(err, "--resume");
    assert_true(file_exists("endless.safetensors.checkpoint"));
    assert_failed(viewsmith("judge " SMALL "--out endless.safetensors"), 1, "--resume");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trained_in_one_go),
        cmocka_unit_test(its_command_makes_it_again),
        cmocka_unit_test(killed_ones_go_on),
        cmocka_unit_test(an_interrupt_saves),
    };
    return cmocka_run_group_tests(tests, command_setup, command_teardown);
}
