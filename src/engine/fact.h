/* What a doctor has to say: a fact about what is here and, where something could be better, one line of
 * advice. */
#pragma once

#define FACTS_MAX 16

typedef struct {
    char key[16], value[256];
    char advice[160]; /* "": all is well */
} Fact;

/* Asks the terminal that stdin and stdout are, for at most 0.3 seconds; without one only the environment.
 * Returns how many facts there are. Where the program has a terminal (ui/tui/doctor_ask.c), hence not in the
 * headless one. */
int facts_of_terminal(Fact out[FACTS_MAX]);
