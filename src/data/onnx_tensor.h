/* The parts of onnx.h that read tensors and attributes. */
#pragma once
#include "data/onnx.h"

/* Checks type, shape and that as many numbers are there. */
bool onnx_tensor_read(OnnxTensor *t, Proto message, const char *what, Err *err);
bool onnx_attr_read(OnnxAttr *a, Proto message, const char *what, Err *err);
