/* The terminal program: a workspace, its world, and the screens in the app's loop. */
#pragma once

/* `viewsmith [THING] [options]`, the words after the program's name: opens THING (a model, an address, a PNG,
 * a run) on the screen that fits it. Returns the exit status. */
int tui_main(int argc, char **argv);
/* It, its options and its keys, for the command line's help, man page and completion. */
extern const struct CliFront tui_front;
