/* Arguments to a subcommand, or to the terminal program where there is one. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv, NULL);
}
