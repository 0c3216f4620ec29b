/* Views kept under a letter while the program runs: a to z by hand, A and B for comparing. Shared by all
 * screens. */
#pragma once
#include "latent/address.h"
#include "tui/app.h"

#define MARKS 28

typedef struct {
    bool set[MARKS];
    Address at[MARKS];
} Marks;

/* The place of "a".."z", "A", "B" in Marks, or -1. */
int marks_find(const char *letter);
/* The letter of a place: marks_find backwards. */
char marks_letter(int place);
/* Keeps a under a letter of world's marks and says so; one sentence for what is no letter. */
void world_mark(App *app, const char *letter, const Address *a);
/* What is kept there; NULL, and a notice, where nothing is. */
const Address *world_marked(App *app, const char *letter);
