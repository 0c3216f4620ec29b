/* What each shell wants to hear: words after the program, options of each command, choices of each option. */
#include "cli/completion.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The choices of an option as words, when its value is a list of them: "auto|dark|FILE" has auto and dark. */
static void print_choices(const Option *o, const char *between)
{
    bool first = true;
    for (const char *at = o->value && strchr(o->value, '|') ? o->value : ""; *at;) {
        size_t n = strcspn(at, "|");
        if (islower((unsigned char)*at)) printf("%s%.*s", first ? "" : between, (int)n, at);
        if (islower((unsigned char)*at)) first = false;
        at += n + (at[n] == '|');
    }
}

static bool has_choices(const Option *o)
{
    return o->value && strchr(o->value, '|') && islower((unsigned char)*o->value);
}

static void print_names(const Option *table)
{
    for (const Option *o = table; o->name; o++) printf("--%s ", o->name);
}

/* --- bash -------------------------------------------------------------------------------------------------
 */

/* "    --theme) words="auto dark";;" for options with choices. */
static void bash_choices(const char *command, const Option *table)
{
    for (const Option *o = table; o->name; o++) {
        if (!has_choices(o)) continue;
        printf("    \"%s --%s\") words=\"", command, o->name);
        print_choices(o, " ");
        puts("\" ;;");
    }
}

static void bash(const CliFront *front)
{
    puts("# bash completion for viewsmith\n_viewsmith() {\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} "
         "words=\n"
         "    case $command in");
    for (const CommandRow *r = command_rows; r->name; r++) {
        printf("    %s) words=\"", r->name);
        print_names(r->command->option);
        print_names(option_common);
        puts("\" ;;");
    }
    fputs("    *) command=; words=\"", stdout);
    if (front) print_names(front->option);
    puts("\" ;;\n    esac");
    fputs("    [ \"$COMP_CWORD\" -gt 1 ] || { command=; words=\"", stdout);
    for (const CommandRow *r = command_rows; r->name; r++) printf("%s ", r->name);
    if (front) print_names(front->option);
    puts("\"; }\n    case \"$command $prev\" in");
    for (const CommandRow *r = command_rows; r->name; r++) bash_choices(r->name, r->command->option);
    if (front) bash_choices("", front->option);
    puts("    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "    [ \"${cur#-}\" = \"$cur\" ] && COMPREPLY+=($(compgen -f -- \"$cur\"))\n    return 0\n}\n"
         "complete -o filenames -F _viewsmith viewsmith");
}

/* --- zsh --------------------------------------------------------------------------------------------------
 */

/* Inside single quotes, with what _arguments takes for its own escaped. */
static void zsh_text(const char *text)
{
    for (; *text; text++) {
        if (strchr("[]:\\", *text)) putchar('\\');
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    }
}

static void zsh_options(const Option *table)
{
    for (const Option *o = table; o->name; o++) {
        printf("            '%s--%s[", o->many ? "*" : "", o->name);
        zsh_text(o->help);
        putchar(']');
        if (o->value) {
            putchar(':');
            zsh_text(o->value);
            putchar(':');
        }
        if (has_choices(o)) {
            putchar('(');
            print_choices(o, " ");
            putchar(')');
        } else if (o->value) {
            fputs("_files", stdout);
        }
        puts("' \\");
    }
}

static void zsh(const CliFront *front)
{
    puts("#compdef viewsmith\n_viewsmith() {\n    local -a commands\n    commands=(");
    for (const CommandRow *r = command_rows; r->name; r++) {
        printf("        '%s:", r->name);
        zsh_text(r->summary);
        puts("'");
    }
    puts("    )\n    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
         "        _describe command commands\n        _files\n        return\n    fi\n    case $words[2] in");
    for (const CommandRow *r = command_rows; r->name; r++) {
        printf("    %s)\n        _arguments \\\n", r->name);
        zsh_options(r->command->option);
        zsh_options(option_common);
        puts("            '*:file:_files' ;;");
    }
    puts("    *)\n        _arguments \\");
    if (front) zsh_options(front->option);
    puts("            '*:file:_files' ;;\n    esac\n}\n_viewsmith \"$@\"");
}

/* --- fish -------------------------------------------------------------------------------------------------
 */

static void fish_text(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\') putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

static void fish_options(const char *when, const Option *table)
{
    for (const Option *o = table; o->name; o++) {
        printf("complete -c viewsmith -n \"%s\" -l %s ", when, o->name);
        if (has_choices(o)) {
            fputs("-x -a '", stdout);
            print_choices(o, " ");
            fputs("' ", stdout);
        } else if (o->value) {
            fputs("-r ", stdout);
        }
        fputs("-d ", stdout);
        fish_text(o->help);
        putchar('\n');
    }
}

static void fish(const CliFront *front)
{
    char when[96];
    puts("# fish completion for viewsmith");
    for (const CommandRow *r = command_rows; r->name; r++) {
        printf("complete -c viewsmith -n __fish_use_subcommand -a %s -d ", r->name);
        fish_text(r->summary);
        putchar('\n');
    }
    if (front) fish_options("__fish_use_subcommand", front->option);
    for (const CommandRow *r = command_rows; r->name; r++) {
        snprintf(when, sizeof when, "__fish_seen_subcommand_from %s", r->name);
        fish_options(when, r->command->option);
        fish_options(when, option_common);
    }
}

bool completion_print(const char *shell, const CliFront *front, Err *err)
{
    static const struct {
        const char *name;
        void (*print)(const CliFront *front);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(shells[i].name, shell)) continue;
        shells[i].print(front);
        return true;
    }
    return err_set(err, ERR_USAGE, "completion is for bash, zsh or fish, not \"%.40s\"", shell);
}
