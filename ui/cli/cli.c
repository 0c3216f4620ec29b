/* The table of subcommands, and the way from argv to one of them. */
#include "cli/cli.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const CommandRow command_rows[] = {
#define X(id, name, summary) {name, summary, &command_##id},
    COMMAND_TABLE(X)
#undef X
        {NULL, NULL, NULL},
};

static const CommandRow *find(const char *name)
{
    for (const CommandRow *r = command_rows; r->name; r++)
        if (!strcmp(r->name, name)) return r;
    return NULL;
}

/* Help must come whatever the settings file holds. */
static int run_with(Args *args, Err *err)
{
    const CommandRow *row = args->row;
    Config *config = strcmp(row->name, "help") ? config_open(NULL, err) : NULL;
    if (err->code || (config && !args_check_config(config, err))) return config_free(config), cli_fail(err);
    args->config = config;
    if (args_text(args, "threads")) setenv("VIEWSMITH_THREADS", args_text(args, "threads"), 1);
    int status = row->command->run(args);
    config_free(config);
    return status;
}

static int run(const CommandRow *row, int argc, char **argv, const CliFront *front)
{
    static Args args; /* large, and there is one command line */
    Err err = {0};
    if (!args_read(&args, row, argc, argv, &err)) return cli_fail(&err);
    args.front = front;
    if (!args_given(&args, "help")) return run_with(&args, &err);
    help_command(row);
    return 0;
}

int cli_main(int argc, char **argv, const CliFront *front)
{
    cli_signals();
    const char *first = argc > 1 ? argv[1] : NULL;
    if (first && (!strcmp(first, "--help") || !strcmp(first, "-h"))) return run(find("help"), 0, NULL, front);
    if (first && !strcmp(first, "--version")) return printf("viewsmith %s\n", VIEWSMITH_VERSION) > 0 ? 0 : 1;
    const CommandRow *row = first ? find(first) : NULL;
    if (row) return run(row, argc - 2, argv + 2, front);
    if (front) return front->open(argc, argv);
    if (first) return run(find("info"), argc - 1, argv + 1, front);
    return run(find("help"), 0, NULL, front);
}
