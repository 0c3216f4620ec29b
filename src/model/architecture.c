/* The table of architectures. */
#include "model/architecture.h"

const Architecture *const architectures[] = {&architecture_stylegan2, &architecture_biggan, NULL};
