/* What is known of a direction, written beside its vector. */
#include "base/text.h"
#include "model/generator_new.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

void direction_put_json(Json *o, const Direction *d)
{
    json_put_str(o, "name", d->name);
    json_put_num(o, "share", (double)d->share);
    if (d->caption[0]) json_put_str(o, "caption", d->caption);
    if (d->layered) json_put_bool(o, "layered", true);
    if (d->low < d->high) {
        json_put_num(o, "low", (double)d->low);
        json_put_num(o, "high", (double)d->high);
    }
    if (!d->marks) return;
    json_put_str(o, "unit", d->unit);
    Json *marks = json_make_array();
    for (int i = 0; i < d->marks; i++) {
        Json *mark = json_make_array();
        json_add_num(mark, (double)d->mark[i]);
        json_add_num(mark, (double)d->reach[i]);
        if (isfinite(d->real[i])) json_add_num(mark, (double)d->real[i]);
        json_add(marks, mark);
    }
    json_put(o, "marks", marks);
}

static bool read_number(float *out, const Json *j)
{
    double x;
    bool ok = json_value_num(j, &x) && isfinite(x) && fabs(x) <= 1e6;
    if (ok) *out = (float)x;
    return ok;
}

/* Marks ascend. */
static bool read_marks(Direction *d, const Json *list)
{
    if (!list) return true;
    if (!json_is_array(list) || json_count(list) > DIRECTION_MARKS) return false;
    for (int i = 0; i < (int)json_count(list); i++) {
        const Json *mark = json_at(list, (size_t)i);
        if (!json_is_array(mark) || json_count(mark) < 2 || json_count(mark) > 3 || !read_number(&d->mark[i], json_at(mark, 0)) ||
            !read_number(&d->reach[i], json_at(mark, 1)) || (i && d->mark[i] <= d->mark[i - 1]))
            return false;
        d->real[i] = NAN;
        if (json_count(mark) == 3 && !read_number(&d->real[i], json_at(mark, 2))) return false;
        d->marks = i + 1;
    }
    return true;
}

bool direction_read_json(Direction *d, const Json *o, const char *path, Err *err)
{
    const Json *low = json_get(o, "low"), *high = json_get(o, "high");
    *d = (Direction){.layered = json_bool(o, "layered", false)};
    snprintf(d->name, sizeof d->name, "%s", json_str(o, "name", ""));
    double share = json_num(o, "share", 0);
    if (!(share >= 0 && share <= 1))
        return err_set(err, ERR_FORMAT, "%s: metadata \"directions\": the share of %s is not from 0 to 1",
                       path, d->name);
    d->share = (float)share;
    text_safe(d->caption, sizeof d->caption, json_str(o, "caption", ""));
    text_safe(d->unit, sizeof d->unit, json_str(o, "unit", ""));
    bool ok = (low != NULL) == (high != NULL) &&
              (!low || (read_number(&d->low, low) && read_number(&d->high, high))) && d->low <= d->high &&
              read_marks(d, json_get(o, "marks"));
    return ok || err_set(err, ERR_FORMAT,
                         "%s: metadata \"directions\": the range or marks of %s are not numbers in order",
                         path, d->name);
}
