/* Marked views: 26 letters and the two that are compared. */
#include "tui/marks.h"
#include "tui/world.h"
#include <string.h>

static const char letters[MARKS + 1] = "abcdefghijklmnopqrstuvwxyzAB";

int marks_find(const char *letter)
{
    const char *at = letter[0] && !letter[1] ? strchr(letters, letter[0]) : NULL;
    return at ? (int)(at - letters) : -1;
}

char marks_letter(int place)
{
    return letters[place];
}

void world_mark(App *app, const char *letter, const Address *a)
{
    World *w = app_world(app);
    int place = marks_find(letter);
    if (place < 0) {
        app_notice(app, "a mark is a letter from a to z, not \"%s\"", letter);
        return;
    }
    w->marks.set[place] = true;
    w->marks.at[place] = *a;
    if (place < 26)
        app_notice(app, "marked %s: '%s comes back", letter, letter);
    else
        app_notice(app, "this is %s: x compares A and B", letter);
}

const Address *world_marked(App *app, const char *letter)
{
    World *w = app_world(app);
    int place = marks_find(letter);
    if (place >= 0 && w->marks.set[place]) return &w->marks.at[place];
    if (place >= 26)
        app_notice(app, "there is no %s yet: %c sets it", letter, letter[0] - 'A' + 'a');
    else
        app_notice(app, "nothing is marked %s: m%s marks a view", letter, letter);
    return NULL;
}
