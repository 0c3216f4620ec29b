/* viewsmith help: the overview, one command's options, the man page's source and a completion script, all
 * from the tables. */
#include "cli/cli.h"
#include "cli/completion.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void print_option(const Option *o)
{
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    printf("  %-24s %s", left, o->help);
    if (o->initial && *o->initial) printf(" (%s)", o->initial);
    putchar('\n');
}

static void print_options(const Option *table)
{
    for (const Option *o = table; o->name; o++) print_option(o);
}

void help_command(const CommandRow *row)
{
    const Command *c = row->command;
    printf("viewsmith %s %s\n\n%s\n\nOptions (defaults in brackets):\n", row->name, c->usage, c->about);
    print_options(c->option);
    print_options(option_common);
    if (c->example) printf("\nExamples:\n%s\n", c->example);
}

static void print_overview(const CliFront *front)
{
    if (front)
        puts("viewsmith [options]              open the terminal program\n"
             "viewsmith FILE|ADDRESS|PNG|RUN   open that");
    puts("viewsmith COMMAND ...            without a screen:\n");
    for (const CommandRow *r = command_rows; r->name; r++) printf("  %-12s %s\n", r->name, r->summary);
    if (front) puts("\nOptions of the terminal program (viewsmith config says what is set):");
    if (front) print_options(front->option);
    puts("\nviewsmith COMMAND --help says more. Exit status: 0 done, 1 it could not be done, 2 wrong usage,\n"
         "130 interrupted with its state saved.");
}

/* --- man page
 * -------------------------------------------------------------------------------------------------- */

static void man_text(const char *s)
{
    for (bool start = true; *s; start = *s++ == '\n') {
        if (start && (*s == '.' || *s == '\'')) fputs("\\&", stdout);
        if (*s == '-')
            fputs("\\-", stdout);
        else if (*s == '\\')
            fputs("\\e", stdout);
        else
            putchar(*s);
    }
}

static void man_option(const Option *o)
{
    fputs(".TP\n\\fB\\-\\-", stdout);
    man_text(o->name);
    printf("\\fR%s", o->value ? " \\fI" : "");
    if (o->value) man_text(o->value);
    puts(o->value ? "\\fR" : "");
    man_text(o->help);
    if (o->initial && *o->initial) {
        fputs(" (default ", stdout);
        man_text(o->initial);
        putchar(')');
    }
    putchar('\n');
}

static void man_options(const Option *table)
{
    for (const Option *o = table; o->name; o++) man_option(o);
}

static void man_command(const CommandRow *r)
{
    fputs(".SS viewsmith ", stdout);
    man_text(r->name);
    putchar(' ');
    man_text(r->command->usage);
    putchar('\n');
    man_text(r->command->about);
    putchar('\n');
    man_options(r->command->option);
    if (!r->command->example) return;
    puts(".PP\nExamples:\n.nf");
    man_text(r->command->example);
    puts("\n.fi");
}

static void man_settings(void)
{
    puts(".SH SETTINGS\nKept in ~/.config/viewsmith/config (or where VIEWSMITH_CONFIG says), one \\fIname = "
         "value\\fR a line, "
         "comments after #.\nA flag goes before the environment, that before the file, that before the "
         "default. A section named\n"
         "after a command, such as [train], holds defaults for its options. The terminal program shows "
         "and\nkeeps them on a "
         "page of their own (,), viewsmith config without a screen.\n.PP\nA theme file has lines \\fIink = "
         "colour\\fR: base, text, "
         "dim, faint, accent, good, warn, bad,\nseries\\-1 to series\\-6, bar; a colour is \"#rrggbb\", 16 "
         "to 255 or default.");
}

static void print_man(const CliFront *front)
{
    printf(".TH VIEWSMITH 1 \"\" \"viewsmith %s\" \"User Commands\"\n", VIEWSMITH_VERSION);
    puts(".SH NAME\nviewsmith \\- explore pretrained image generators as a data source for representation "
         "learning");
    puts(".SH SYNOPSIS\n.B viewsmith\n[\\fIFILE\\fR|\\fIADDRESS\\fR|\\fIPNG\\fR|\\fIRUN\\fR]\n.br\n.B "
         "viewsmith\n"
         "\\fICOMMAND\\fR [\\fIoptions\\fR]");
    puts(".SH DESCRIPTION\nWithout a command the terminal program opens: views, steering, training and "
         "neighbours.\n"
         "With one, the same is done without a screen.");
    puts(".SH COMMANDS");
    for (const CommandRow *r = command_rows; r->name; r++) man_command(r);
    puts(".SH OPTIONS OF EVERY COMMAND");
    man_options(option_common);
    if (front) {
        puts(".SH OPTIONS OF THE TERMINAL PROGRAM");
        man_options(front->option);
        front->keys();
    }
    man_settings();
    puts(".SH EXIT STATUS\n0 done; 1 it could not be done; 2 wrong usage; 130 interrupted, state saved.");
    puts(".SH ENVIRONMENT\nVIEWSMITH_THREADS, VIEWSMITH_ISA (amx, avx512, avx2, portable), "
         "VIEWSMITH_GRAPHICS, "
         "VIEWSMITH_ASSETS,\n"
         "NO_COLOR, and the XDG base directories. A flag goes before the environment, that before the "
         "default.");
}

static int help_run(const Args *a)
{
    if (args_flag(a, "man")) return print_man(a->front), 0;
    const char *shell = args_text(a, "completion");
    Err err = {0};
    if (shell) return completion_print(shell, a->front, &err) ? 0 : cli_fail(&err);
    if (!a->words) return print_overview(a->front), 0;
    for (const CommandRow *r = command_rows; r->name; r++)
        if (!strcmp(r->name, a->word[0])) return help_command(r), 0;
    err_set(&err, ERR_USAGE, "there is no command %s: see viewsmith help", a->word[0]);
    return cli_fail(&err);
}

static const Option options[] = {
    {"man", OPTION_FLAG, NULL, NULL, 0, 0, false, "Print the source of the man page"},
    {"completion", OPTION_TEXT, "bash|zsh|fish", NULL, 0, 0, false,
     "Print a completion script for this shell"},
    {0},
};

const Command command_help = {"[COMMAND] [--man | --completion SHELL]",
                              "Says what the commands are, or what one of them takes.",
                              "  viewsmith help train\n  viewsmith help --completion bash > "
                              "~/.local/share/bash-completion/completions/viewsmith",
                              options,
                              0,
                              1,
                              help_run};
