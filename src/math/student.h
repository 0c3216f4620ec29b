/* Intervals of a mean over a few runs, by Student's t (Student 1908, "The probable error of a mean"). */
#pragma once

/* The t with P(T <= t) = p, 0 < p < 1, of `df` >= 1 degrees of freedom; NaN outside. To 1e-10 of itself. */
double student_quantile(double p, int df);
/* Mean of x (n) and half of its 95 % interval; half is NaN below two, both are NaN for none. Of paired
 * differences it is the paired t interval. */
void student_interval(double *mean, double *half, const double *x, int n);
