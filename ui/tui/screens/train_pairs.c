/* The selected pair: steered, kept, saved; and told to come never or more often, by its example. */
#include "tui/screens/train_state.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

const TrainPair *pairs_selected(const TrainScreen *s)
{
    const TrainPair *pair;
    if (!s->page && s->step_wish) return s->item < s->step_pairs_n ? &s->step_pair[s->item] : NULL;
    if (s->page || !s->live || !s->news) return NULL;
    return s->item < run_pairs(s->news, s->group, &pair) ? &pair[s->item] : NULL;
}

/* The selected pair's upper view; NULL, and why is told, where there is none to be made again. */
static const TrainPair *generated(const TrainScreen *s, App *app)
{
    const TrainPair *pair = pairs_selected(s);
    if (!pair)
        app_notice(app, "there is no pair yet");
    else if (pair->index_a >= 0)
        app_notice(app, "this pair is a real picture: only generated views can be made again");
    return pair && pair->index_a < 0 ? pair : NULL;
}

bool pairs_move(TrainScreen *s, int by, int groups)
{
    const TrainPair *pair;
    int group = (int)s->group + groups;
    if (s->step_wish) {
        s->item += by;
        s->item = s->item >= s->step_pairs_n ? s->step_pairs_n - 1 : s->item;
        if (s->item < 0) s->item = 0;
        return true;
    }
    if (!s->live || !s->news) return false;
    s->group = (PairGroup)(group < 0 ? 0 : group >= PAIR_GROUPS ? PAIR_GROUPS - 1 : group);
    int n = run_pairs(s->news, s->group, &pair), to = s->item + by;
    s->item = to >= n ? n - 1 : to;
    if (s->item < 0) s->item = 0;
    return true;
}

/* The anchor as the generator makes it, without the crop and the light of the batch. */
bool pairs_steer(TrainScreen *s, App *app)
{
    World *w = app_world(app);
    const TrainPair *pair = generated(s, app);
    Err err = {0};
    if (!pair) return true;
    Address a = pair->address_a;
    a.view = (AddressView){0};
    if (!world_show(w, &a, &err)) return app_fail(app, &err), true;
    app_go(app, CONTEXT_STEER, NULL);
    return true;
}

bool pairs_keep(TrainScreen *s, App *app, const char *path)
{
    const TrainPair *pair = generated(s, app);
    if (pair && path)
        world_save(app, &pair->address_a, &pair->a, path);
    else if (pair)
        world_copy(app, &pair->address_a);
    return true;
}

bool pairs_tray(TrainScreen *s, App *app, const char *tags)
{
    const TrainPair *pair = generated(s, app);
    return !pair || world_keep(app, &pair->address_a, tags);
}

/* --- how often its like come ---------------------------------------------------------------------------- */

/* What views like this one are weighed with, as far as is known. */
static float weight_of(const TrainScreen *s, const Address *a)
{
    for (int i = 0; s->force && i < s->force->weights; i++)
        if (address_equal(&s->force->weight[i].like, a)) return s->force->weight[i].factor;
    return 1;
}

/* What the run was told, in words, and what it means. */
static void tell_weight(App *app, float factor)
{
    const World *w = app_world(app);
    const char *class = w->g->config.classes ? " of its class" : "";
    if (!(factor > 0))
        app_notice(app, "views like this one come no more: the nearest %d %%%s; d again takes it back",
                   WEIGH_NEAR, class);
    else if (factor > 1 || factor < 1)
        app_notice(app, "views like this one come %.3g times as often: the nearest %d %%%s", (double)factor,
                   WEIGH_NEAR, class);
    else
        app_notice(app, "views like this one come as often as the stream brings them");
}

static bool weigh(TrainScreen *s, App *app, const Address *like, float factor)
{
    char text[ADDRESS_BYTES_MAX + 1], command[COMMAND_TEXT];
    Weight w = {factor, *like};
    Err err = {0};
    if (!address_print(text, like, &err)) return app_fail(app, &err), true;
    if (factor > 0)
        snprintf(command, sizeof command, "weight %.3g %s", (double)factor, text);
    else
        snprintf(command, sizeof command, "exclude %s", text);
    tell_weight(app, factor);
    if (s->force) weight_put(s->force->weight, &s->force->weights, &w, NULL);
    return follow_tell(s, app, command);
}

/* The selected pair's view as an example; NULL, and why is told, where nothing can be weighed. */
static const TrainPair *example(const TrainScreen *s, App *app, Address *like)
{
    const TrainPair *pair = s->going ? generated(s, app) : NULL;
    if (!s->going) app_notice(app, "no run is going on that could be told which views come");
    if (pair) *like = pair->address_a;
    like->view = (AddressView){0};
    return pair;
}

bool pairs_exclude(TrainScreen *s, App *app)
{
    Address like;
    return !example(s, app, &like) || weigh(s, app, &like, weight_of(s, &like) > 0 ? 0 : 1);
}

bool pairs_favour(TrainScreen *s, App *app)
{
    Address like;
    if (!example(s, app, &like)) return true;
    float now = weight_of(s, &like), to = now < 1 ? 1 : fminf(2 * now, WEIGH_FACTOR);
    return weigh(s, app, &like, to);
}

bool pairs_weigh(TrainScreen *s, App *app, const char *text)
{
    Address like;
    double factor;
    Err err = {0};
    if (!example(s, app, &like)) return true;
    if (!world_number(text, 0, WEIGH_FACTOR, &factor, &err)) return app_fail(app, &err), true;
    return weigh(s, app, &like, (float)factor);
}
