/* The geometry of a convolution at one place in a graph, from shapes and attributes: for ops_conv.c and
 * ops_mapconv.c. */
#pragma once
#include "math/conv.h"
#include "net/op.h"

/* Stride, dilation and groups left 0 become 1. */
void conv_site_defaults(Attrs *a);
/* x is in[0], the weight (O,C/groups,KH,KW) in[wi]; false when the kernel does not fit. */
bool conv_site(ConvShape *c, const OpSite *s, int wi, int n);
/* The convolution whose data gradient a transposed one is, from its result to x; the weight in[1] is
 * (C,O/groups,KH,KW): OH = (H - 1) * stride - pads + dilation * (KH - 1) + out_pad + 1. False unless it leads
 * back to x. */
bool convt_site(ConvShape *c, const OpSite *s, int n);
/* Multiply-adds. */
double conv_site_macs(const ConvShape *c);
