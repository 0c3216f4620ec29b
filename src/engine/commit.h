/* Which commit this program was built from. */
#pragma once

/* Twelve hex digits, with "+" where the tree had changes that were not committed; "unknown" outside of a git
 * checkout. */
const char *commit_id(void);
