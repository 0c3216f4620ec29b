/* viewsmith help: the overview, one command's options, the man page's source and a completion script, all
 * from the tables. */
#include "cli/cli.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void print_option(const Option *o)
{
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    printf("  %-24s %s", left, o->help);
    if (o->initial) printf(" (%s)", o->initial);
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

static void print_overview(void)
{
    puts("viewsmith                        open the terminal program\n"
         "viewsmith FILE|ADDRESS|PNG|RUN   open that\n"
         "viewsmith COMMAND ...            without a screen:\n");
    for (const CommandRow *r = command_rows; r->name; r++) printf("  %-12s %s\n", r->name, r->summary);
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
    if (o->initial) {
        fputs(" (default ", stdout);
        man_text(o->initial);
        putchar(')');
    }
    putchar('\n');
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
    for (const Option *o = r->command->option; o->name; o++) man_option(o);
    if (!r->command->example) return;
    puts(".PP\nExamples:\n.nf");
    man_text(r->command->example);
    puts("\n.fi");
}

static void print_man(void)
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
    for (const Option *o = option_common; o->name; o++) man_option(o);
    puts(".SH EXIT STATUS\n0 done; 1 it could not be done; 2 wrong usage; 130 interrupted, state saved.");
    puts(".SH ENVIRONMENT\nVIEWSMITH_THREADS, VIEWSMITH_ISA (amx, avx512, avx2, portable), VIEWSMITH_GRAPHICS, "
         "VIEWSMITH_ASSETS,\n"
         "NO_COLOR, and the XDG base directories. A flag goes before the environment, that before the "
         "default.");
}

/* --- completion
 * ------------------------------------------------------------------------------------------------ */

static void print_completion(void)
{
    puts("# bash completion for viewsmith\n_viewsmith() {\n    local cur=${COMP_WORDS[COMP_CWORD]} words=\n"
         "    if [ \"$COMP_CWORD\" -eq 1 ]; then");
    fputs("        words=\"", stdout);
    for (const CommandRow *r = command_rows; r->name; r++) printf("%s ", r->name);
    puts("\"\n    else\n        case ${COMP_WORDS[1]} in");
    for (const CommandRow *r = command_rows; r->name; r++) {
        printf("        %s) words=\"", r->name);
        for (const Option *o = r->command->option; o->name; o++) printf("--%s ", o->name);
        puts("\" ;;");
    }
    fputs("        esac\n        words=\"$words ", stdout);
    for (const Option *o = option_common; o->name; o++) printf("--%s ", o->name);
    puts("\"\n    fi\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "    [ \"${cur#-}\" = \"$cur\" ] && COMPREPLY+=($(compgen -f -- \"$cur\"))\n}\n"
         "complete -o filenames -F _viewsmith viewsmith");
}

static int help_run(const Args *a)
{
    if (args_flag(a, "man")) return print_man(), 0;
    if (args_flag(a, "completion")) return print_completion(), 0;
    if (!a->words) return print_overview(), 0;
    for (const CommandRow *r = command_rows; r->name; r++)
        if (!strcmp(r->name, a->word[0])) return help_command(r), 0;
    Err err = {0};
    err_set(&err, ERR_USAGE, "there is no command %s: see viewsmith help", a->word[0]);
    return cli_fail(&err);
}

static const Option options[] = {
    {"man", OPTION_FLAG, NULL, NULL, 0, 0, false, "Print the source of the man page"},
    {"completion", OPTION_FLAG, NULL, NULL, 0, 0, false, "Print a completion script for bash"},
    {0},
};

const Command command_help = {"[COMMAND] [--man | --completion]",
                              "Says what the commands are, or what one of them takes.",
                              "  viewsmith help train\n  viewsmith help --completion > "
                              "~/.local/share/bash-completion/completions/viewsmith",
                              options,
                              0,
                              1,
                              help_run};
