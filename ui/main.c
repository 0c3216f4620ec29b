/* Arguments to a subcommand, or to the terminal program where there is one. */
#include "cli/cli.h"
#ifndef VS_HEADLESS
#include "tui/tui.h"
#endif

int main(int argc, char **argv)
{
#ifdef VS_HEADLESS
    return cli_main(argc, argv, NULL);
#else
    return cli_main(argc, argv, &tui_front);
#endif
}
