/* Sampling a picture through an affine map: resized crops, flips, rotation, zoom and shift for views. */
#pragma once

/* y (C,OH,OW) from x (C,H,W): output pixel centre (u,v) in [-1,1]^2 reads x at (m0 u + m1 v + m2, m3 u + m4 v + m5), bilinear, half-pixel
 * centres (align_corners=False), edges clamped (border). */
void warp_affine(float *y, int OH, int OW, const float *x, int C, int H, int W, const float m[6]);
