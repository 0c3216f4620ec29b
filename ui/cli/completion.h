/* Completion scripts for shells, out of the tables of commands and options. */
#pragma once
#include "cli/cli.h"

/* On stdout, for bash, zsh or fish; front: the terminal program, NULL without one. */
bool completion_print(const char *shell, const CliFront *front, Err *err);
