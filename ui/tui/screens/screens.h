/* The screens, in the order of their tabs. */
#pragma once
#include "tui/screen.h"

extern const Screen screen_views, screen_steer, screen_train, screen_neighbours, screen_corners;
