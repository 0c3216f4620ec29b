/* The table of architectures. */
#include "model/architecture.h"

const Architecture architectures[] = {
    {0},
};
