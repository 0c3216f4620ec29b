/* Time: a monotonic clock in seconds that tests can replace. */
#pragma once
double clock_seconds(void);  /* monotonic; real unless clock_fake was called */
double clock_wall(void);     /* seconds since 1970 */
void clock_fake(double now); /* from now on clock_seconds returns this (tests, --fake-clock) */
