/* Student's t from the incomplete beta function. */
#include "math/student.h"
#include <math.h>

/* The continued fraction of the incomplete beta function (Abramowitz & Stegun 26.5.8), by Lentz's method. */
static double fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int m = 1; m < 500; m++) {
        for (int odd = 0; odd < 2; odd++) {
            double t = odd ? -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
                           : m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 + t * d;
            c = 1 + t / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            if (fabs(c) < tiny) c = tiny;
            h *= c * d;
        }
        if (fabs(c * d - 1) < 1e-16) break;
    }
    return h;
}

/* log of the gamma function, a > 0: lgamma itself writes a global. */
static double log_gamma(double a)
{
    int sign;
    return lgamma_r(a, &sign);
}

/* I_x(a, b). */
static double beta_share(double a, double b, double x)
{
    double log_front = log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x);
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    return x < (a + 1) / (a + b + 2) ? exp(log_front) * fraction(a, b, x) / a
                                     : 1 - exp(log_front) * fraction(b, a, 1 - x) / b;
}

/* P(|T| > t). */
static double two_tails(double t, int df)
{
    return beta_share(df / 2.0, 0.5, df / (df + t * t));
}

double student_quantile(double p, int df)
{
    if (!(p > 0) || !(p < 1) || df < 1) return NAN;
    double tails = 2 * fmin(p, 1 - p), low = 0, high = 1;
    while (two_tails(high, df) > tails && high < 1e300) high *= 2;
    for (int i = 0; i < 200 && high - low > 1e-15 * high; i++) {
        double middle = (low + high) / 2;
        *(two_tails(middle, df) > tails ? &low : &high) = middle;
    }
    return p < 0.5 ? -high : p > 0.5 ? high : 0;
}

void student_interval(double *mean, double *half, const double *x, int n)
{
    double sum = 0, square = 0;
    for (int i = 0; i < n; i++) sum += x[i];
    *mean = n > 0 ? sum / n : NAN;
    for (int i = 0; i < n; i++) square += (x[i] - *mean) * (x[i] - *mean);
    *half = n > 1 ? student_quantile(0.975, n - 1) * sqrt(square / (n - 1) / n) : NAN;
}
