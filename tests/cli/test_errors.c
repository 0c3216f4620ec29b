/* Wrong words of the commands over models end in one sentence and the right status. */
#include "cli/command.h"

static void short_n_is_n(void **state)
{
    static Said first;
    (void)state;
    first = *viewsmith("sample -n 5");
    const Said *s = viewsmith("sample --n=5");
    assert_int_equal(s->status, 0);
    assert_string_equal(s->out, first.out);
}

static void wrong_words(void **state)
{
    static const struct {
        const char *args;
        int status;
        const char *words;
    } wrong[] = {
        {"sample -n 0", 2, "--n wants a whole number"},
        {"sample --psi x", 2, "--psi wants a number"},
        {"sample --seed -1", 2, "--seed wants"},
        {"sample --class spoon", 2, "spoon"},
        {"sample seed=1 --psi 0.5", 2, "--psi does not go with addresses"},
        {"sample seed=1/class=99", 2, "class"},
        {"sample -n 5000 --out big.png", 2, "at most 4096"},
        {"sample --model no-such-file", 1, "no-such-file"},
        {"sample --model encoder.safetensors", 1, "encoder.safetensors"},
        {"sample --z z.npy", 2, "--npy"},
        {"sample --z z.npy --w w.npy --npy o.npy", 2, "either"},
        {"sample --z no.npy --class 1 --npy o.npy", 1, "no.npy"},
        {"steer --strip pca-1", 2, "--out"},
        {"steer --strip pca-99 --out s.png", 2, "pca-99"},
        {"steer --set 'jump 3'", 2, "jump"},
        {"steer model.safetensors", 2, "is a generator"},
        {"steer vs1:tiny@0123456789abcdef/seed=1/class=0/psi=1", 2, "tiny@0123456789abcdef"},
        {"neighbours", 2, "something is missing"},
        {"neighbours seed=1 --space fog", 2, "fog"},
        {"neighbours seed=1", 1, "no trained encoder"},
        {"neighbours model.safetensors --space pixels", 2, "is a generator"},
        {"neighbours seed=1 --encoder encoder.safetensors --space untrained --data fashion-small", 2,
         "untrained twin"},
        {"neighbours real:x --space pixels --data fashion-small", 2, "none of these"},
        {"neighbours seed=1 --space pixels --k 501 --split valid --data fashion-small", 2, "501"},
        {"probe model.safetensors", 2, "is a generator"},
        {"probe encoder.safetensors --split train", 2, "valid or test"},
        {"quality --judge judge.safetensors --split train", 2, "valid or test"},
        {"quality --judge encoder.safetensors --data fashion-small -n 50", 2, "no judge"},
        {"encode --model encoder.safetensors", 2, "--images"},
        {"encode --model encoder.safetensors --images no.npy --npy o.npy", 1, "no.npy"},
        {"judge", 2, "--out"},
        {"judge --out j.safetensors --resume", 1, "nothing to resume"},
        {"judge --out j.safetensors --resume --rate 0.2", 2, "keeps its own settings"},
        {"info", 2, "something is missing"},
        {"info no-such-thing", 1, "no such file"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_failed(viewsmith("%s --quiet", wrong[i].args), wrong[i].status, wrong[i].words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_n_is_n),
        cmocka_unit_test(wrong_words),
    };
    return cmocka_run_group_tests(tests, command_setup, command_teardown);
}
