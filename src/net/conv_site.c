/* Geometry of convolutions. */
#include "net/conv_site.h"

void conv_site_defaults(Attrs *a)
{
    for (int i = 0; i < 2; i++) {
        op_default(&a->stride[i], 1);
        op_default(&a->dilation[i], 1);
    }
    op_default(&a->groups, 1);
}

/* The geometry of x and w under the attributes, without channels and OH, OW. */
static ConvShape geometry(const Shape *w, const Attrs *a, int n)
{
    return (ConvShape){.N = n,
                       .KH = w->dim[2],
                       .KW = w->dim[3],
                       .sh = a->stride[0],
                       .sw = a->stride[1],
                       .dh = a->dilation[0],
                       .dw = a->dilation[1],
                       .pt = a->pad[0],
                       .pl = a->pad[1],
                       .pb = a->pad[2],
                       .pr = a->pad[3],
                       .groups = a->groups};
}

bool conv_site(ConvShape *c, const OpSite *s, int wi, int n)
{
    const Shape *x = s->in[0], *w = s->in[wi];
    *c = geometry(w, &s->attrs, shape_dim(x, 0, n));
    c->C = x->dim[1], c->H = x->dim[2], c->W = x->dim[3], c->O = w->dim[0];
    return conv_shape(c);
}

bool convt_site(ConvShape *c, const OpSite *s, int n)
{
    const Shape *x = s->in[0], *w = s->in[1];
    *c = geometry(w, &s->attrs, shape_dim(x, 0, n));
    c->O = x->dim[1], c->C = w->dim[1] * c->groups;
    long h =
        (long)(x->dim[2] - 1) * c->sh - c->pt - c->pb + (long)c->dh * (c->KH - 1) + s->attrs.out_pad[0] + 1;
    long v =
        (long)(x->dim[3] - 1) * c->sw - c->pl - c->pr + (long)c->dw * (c->KW - 1) + s->attrs.out_pad[1] + 1;
    if (h < 1 || v < 1 || h > INT32_MAX / 2 || v > INT32_MAX / 2) return false;
    c->H = (int)h, c->W = (int)v;
    return conv_shape(c) && c->OH == x->dim[2] && c->OW == x->dim[3];
}

double conv_site_macs(const ConvShape *c)
{
    return (double)c->N * c->O * c->OH * c->OW * (c->C / c->groups) * c->KH * c->KW;
}
