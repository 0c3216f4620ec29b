/* Inside engine/: the settings of a fit as JSON, and the card of what it makes. */
#pragma once
#include "base/json.h"
#include "engine/fit_job.h"

/* FOLDER/config.json. */
bool fit_config_save(const Fit *fit, Err *err);
/* The generator's card as JSON text, which the caller frees: what it saw, how it was made, its licence. */
char *fit_card(const Fit *fit, long images, double seconds);
