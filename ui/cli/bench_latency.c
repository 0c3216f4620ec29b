/* viewsmith bench latency: from a key to what it changes. */
#include "engine/bench_latency.h"
#include "base/clock.h"
#include "cli/bench_cli.h"
#include "engine/bench_peak.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#ifdef VS_HEADLESS
int bench_latency_command(const Args *a)
{
    Err err = {0};
    (void)a;
    err_set(&err, ERR_USAGE, "bench latency needs the terminal program: this is the one without it");
    return cli_fail(&err);
}
#else

static bool progress(void *ctx, const char *sink, const char *what, int done, int all)
{
    cli_progress(ctx, "%s: %s, %d of %d", sink, what, done + 1, all);
    return !cli_interrupted();
}

static Json *put_cases(const Args *a, const LatencyResult *r)
{
    Json *list = json_make_array();
    cli_say(a, "%-6s %-9s %5s   %-17s %-17s %-17s %9s  %s", "sink", "beside", "keys", "text p95 (p50)", "picture p95 (p50)", "fine p95 (p50)", "bytes",
            "pixels");
    for (int i = 0; i < r->cases; i++) {
        const LatencyCase *c = &r->at[i];
        cli_say(a, "%-6s %-9s %5d   %6.1f (%5.1f) ms %6.1f (%5.1f) ms %6.1f (%5.1f) ms %9.0f  %dx%d", c->sink, c->training ? "training" : "nothing",
                c->keys, c->text_ms, c->text_median, c->picture_ms, c->picture_median, c->fine_ms, c->fine_median, c->bytes, c->w, c->h);
        Json *row = json_make();
        json_put_str(row, "sink", c->sink);
        json_put_bool(row, "training", c->training);
        json_put_int(row, "keys", c->keys);
        json_put_num(row, "key_text_p95_ms", c->text_ms);
        json_put_num(row, "key_picture_p95_ms", c->picture_ms);
        json_put_num(row, "fine_p95_ms", c->fine_ms);
        json_put_num(row, "key_text_p50_ms", c->text_median);
        json_put_num(row, "key_picture_p50_ms", c->picture_median);
        json_put_num(row, "fine_p50_ms", c->fine_median);
        json_put_num(row, "bytes", c->bytes);
        json_put_int(row, "picture_w", c->w);
        json_put_int(row, "picture_h", c->h);
        json_add(list, row);
    }
    return list;
}

static int report(const Args *a, const LatencyResult *r)
{
    Json *o = json_make();
    json_put_str(o, "bench", "latency");
    json_put_num(o, "key_text_p95_ms", r->text_ms);
    json_put_num(o, "key_picture_p95_ms", r->picture_ms);
    json_put_num(o, "fine_p95_ms", r->fine_ms);
    json_put_num(o, "first_frame_ms", r->first_frame_ms);
    json_put_num(o, "frame_late_p95_ms", r->frame_late_ms);
    json_put_num(o, "ui_cpu_percent", r->ui_cpu_percent);
    json_put_num(o, "memory_mb", r->memory_mb);
    if (args_given(a, "idle")) {
        json_put_num(o, "idle_bytes", r->idle_bytes);
        json_put_num(o, "idle_cpu_percent", r->idle_cpu_percent);
    }
    if (isfinite(r->queue_ms)) json_put_num(o, "queue_ms", r->queue_ms);
    json_put_str(o, "sink", r->sink);
    json_put(o, "cases", put_cases(a, r));
    cli_say(a, "from exec to the first frame with pictures: %.0f ms (median); %s", r->first_frame_ms, r->sink);
    if (isfinite(r->frame_late_ms))
        cli_say(a, "on the Train screen while it trains: frames %.1f ms late (p95), %.2f %% of a core for the screen", r->frame_late_ms,
                r->ui_cpu_percent);
    cli_say(a, "resident in Views and Steer: %.0f MB", r->memory_mb);
    if (args_given(a, "idle")) cli_say(a, "while nobody types: %.0f bytes, %.2f %% of a core", r->idle_bytes, r->idle_cpu_percent);
    if (isfinite(r->queue_ms)) cli_say(a, "at most under way while a key is held: %.0f ms", r->queue_ms);
    return cli_result(a, o);
}

/* "1mbit,50ms": Mbit/s or kbit/s, then the delay each way. */
static bool read_link(Latency *l, const char *text, Err *err)
{
    double rate, delay;
    char unit, end;
    if (!text) return true;
    bool ok = sscanf(text, "%lf%cbit,%lfms%c", &rate, &unit, &delay, &end) == 3 && (unit == 'm' || unit == 'k') && rate > 0 && delay > 0;
    if (!ok) return err_set(err, ERR_USAGE, "--link is a rate and a delay like 1mbit,50ms or 500kbit,20ms, not \"%s\"", text);
    l->rate = rate * (unit == 'm' ? 125e3 : 125);
    l->delay = delay * 1e-3;
    return true;
}

int bench_latency_command(const Args *a)
{
    int keys = args_given(a, "rounds") ? (int)args_integer(a, "rounds") : 60;
    Latency l = {.self = bench_self, .model = args_text(a, "model"), .sink = args_text(a, "graphics"), .keys = keys,
                 .starts = keys < 5 ? 1 : 5, .training = !args_flag(a, "no-training")};
    LatencyResult r;
    Err err = {0};
    if (args_given(a, "size")) l.size = (int)args_integer(a, "size");
    if (args_given(a, "idle")) l.idle = args_number(a, "idle");
    if (!read_link(&l, args_text(a, "link"), &err)) return cli_fail(&err);
    if (strcmp(l.sink, "both") && strcmp(l.sink, "sixel") && strcmp(l.sink, "half")) {
        err_set(&err, ERR_USAGE, "--graphics of bench latency is sixel, half or both, not \"%s\"", l.sink);
        return cli_fail(&err);
    }
    cli_save_on_interrupt(true);
    return latency_run(&r, &l, progress, (void *)a, &err) ? report(a, &r) : cli_fail(&err);
}
#endif
