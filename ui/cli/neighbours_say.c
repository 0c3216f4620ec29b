/* viewsmith neighbours: the answer in words, as JSON, and as a sheet. */
#include "cli/neighbours_cli.h"
#include "base/text.h"
#include "engine/export.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHEET_MAX = 16 };

/* --- the sheet ------------------------------------------------------------------------------------------ */

static const char *short_name(const Search *s)
{
    const Generator *g = s->workspace->generator;
    const char *slash = strrchr(s->query, '/');
    if (s->index >= 0) return s->real.class_name[s->real.label[s->index]];
    if (!s->has_address) return slash ? slash + 1 : s->query;
    return s->address.class >= 0 ? g->class_name[s->address.class] : g->slug;
}

bool search_sheet(const Search *s, Err *err)
{
    SheetRow row[SPACES_MAX];
    char title[128];
    if (!args_given(s->args, "sheet")) return true;
    for (int i = 0; i < s->spaces; i++)
        row[i] = (SheetRow){space_name(s->space[i]), s->hit[i], s->k < SHEET_MAX ? s->k : SHEET_MAX};
    snprintf(title, sizeof title, "nearest %s, %s, exact", among_says(s->among), metric_says(s->metric));
    return export_neighbours(args_text(s->args, "sheet"), &s->picture, short_name(s), s->data, row, s->spaces,
                             s->has_address ? &s->address : NULL, title, err);
}

/* --- neighbours ----------------------------------------------------------------------------------------- */

static Json *hit_json(const Search *s, const Neighbour *n)
{
    const Dataset *d = s->data;
    char text[ADDRESS_BYTES_MAX + 1];
    Json *o = json_make();
    json_put_int(o, "index", d->origin[n->index]);
    json_put_int(o, "label", n->label);
    json_put_str(o, "class", d->class_name[n->label]);
    json_put_num(o, "score", (double)n->score);
    if (s->among != AMONG_REAL && address_print(text, &s->made.list[n->index], NULL))
        json_put_str(o, "address", text);
    if (s->among != AMONG_REAL) return o;
    if (d->path)
        json_put_str(o, "path", d->path[n->index]);
    else
        json_put_num(o, "path", NAN); /* null */
    return o;
}

/* "real:5", "seed=12/class=2", "#3": a word that can be asked about again. */
static void name_hit(const Search *s, const Neighbour *n, char out[32])
{
    int origin = s->data->origin[n->index];
    if (s->among == AMONG_SEEDS)
        snprintf(out, 32, "seed=%d/class=%d", origin, n->label);
    else
        snprintf(out, 32, s->among == AMONG_TRAY ? "#%d" : "real:%d", origin);
}

static void report_space(Json *o, const Search *s, int i)
{
    const Dataset *d = s->data;
    char name[32], split[32] = "";
    Json *list = json_make_array();
    if (s->among == AMONG_REAL) snprintf(split, sizeof split, " (%s)", dataset_split_name(s->split));
    cli_say(s->args, "%s space, %s, exact among %d %s%s", space_name(s->space[i]), metric_says(s->metric),
            d->n, s->among == AMONG_REAL ? "real pictures" : among_says(s->among), split);
    for (int k = 0; k < s->k; k++) {
        const Neighbour *n = &s->hit[i][k];
        name_hit(s, n, name);
        json_add(list, hit_json(s, n));
        cli_say(s->args, "  %7.4f  %-20s %s %s", (double)n->score, d->class_name[n->label], name,
                d->path ? d->path[n->index] : "");
    }
    json_put_str(o, "space", space_name(s->space[i]));
    json_put_str(o, "metric", metric_name(s->metric));
    json_put(o, "neighbours", list);
}

/* --- copies --------------------------------------------------------------------------------------------- */

static void report_copy(Json *o, const Search *s)
{
    const CopyVerdict *v = &s->copy;
    Json *copy = json_make();
    char times[48] = "";
    if (isfinite(v->ratio))
        snprintf(times, sizeof times, ", %.2f times their median distance", (double)v->ratio);
    cli_say(s->args, "%s: %.1f %% of the held-out pictures lie nearer to a training picture%s (%s space)",
            v->copied ? "it looks like a copy" : "no copy", 100 * (double)v->nearer, times,
            space_name(s->space[0]));
    json_put_bool(copy, "copied", v->copied);
    json_put_num(copy, "nearer", (double)v->nearer);
    json_put_num(copy, "ratio", (double)v->ratio);
    json_put(o, "copy", copy);
}

/* --- the way -------------------------------------------------------------------------------------------- */

static void report_way(Json *o, const Search *s)
{
    const InvertNews *n = s->way;
    char text[ADDRESS_BYTES_MAX + 1];
    Json *way = json_make(), *list = json_make_array();
    cli_say(s->args,
            "the way there: off by %.1f of 255 at its end, %.2f typical distances from its class's mean",
            n->now.pixel, n->now.away);
    for (int i = 0; i < n->frames; i++) {
        if (!address_print(text, &n->frame[i], NULL)) continue;
        json_add_str(list, text);
        cli_say(s->args, "  %s", text);
    }
    json_put(way, "frames", list);
    json_put_num(way, "pixel_rmse", n->now.pixel);
    json_put_num(way, "feature_distance", n->now.feature);
    json_put_num(way, "away", n->now.away);
    json_put(o, "walk", way);
}

int search_report(const Search *s)
{
    Json *o = json_make(), *others = json_make_array();
    json_put_str(o, "query", s->query);
    report_space(o, s, 0);
    for (int i = 1; i < s->spaces; i++) {
        Json *other = json_make();
        report_space(other, s, i);
        json_add(others, other);
    }
    if (s->spaces > 1)
        json_put(o, "others", others);
    else
        json_drop(others);
    json_put_str(o, "among", among_name(s->among));
    json_put_int(o, "searched", s->data->n);
    json_put_str(o, "split", dataset_split_name(s->split));
    if (args_flag(s->args, "copy")) report_copy(o, s);
    if (s->way) report_way(o, s);
    return cli_result(s->args, o);
}
