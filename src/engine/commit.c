/* The commit, as src/engine/commit.cmake wrote it when this was built. */
#include "engine/commit.h"
#include "commit_id.h"

const char *commit_id(void)
{
    return VIEWSMITH_COMMIT;
}
