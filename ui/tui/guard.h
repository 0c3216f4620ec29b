/* Gives the terminal back whatever happens: remembers its settings and restores them when a signal ends us.
 * The only process-wide state of the program, because a signal handler can reach nothing else. */
#pragma once
#include "base/err.h"
#include <signal.h>

/* Remembers the settings of fd and installs handlers. SEGV, BUS, FPE, ILL, ABRT: restore and die by that
 * signal. TERM, HUP, INT, QUIT: the first sets guard_signal() and wakes `wake_fd` (an eventfd) so that the
 * loop can leave in order; a second restores and dies. WINCH and CONT only wake. */
bool guard_start(int fd, int wake_fd, Err *err);
/* Restores the settings, puts the old handlers back. */
void guard_stop(void);
/* The signal that asks us to leave, 0: none. */
int guard_signal(void);
/* True once after the window's size changed, or after a return from the background. */
bool guard_resized(void);
/* The bytes that undo every mode we set: end of a string, synchronised update, mouse, paste and focus reports
 * off, colours plain, cursor shown, main screen. */
extern const char guard_reset[];
/* Stops this process like Ctrl-Z does, the terminal given back; returns when it goes on, in raw mode again.
 */
void guard_suspend(void);
