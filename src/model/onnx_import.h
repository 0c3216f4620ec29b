/* ONNX models become nets of ours: constants are folded, shapes worked out for two batch sizes at once (what
 * differs is the batch), operators become ours, and the result is put in order (model/onnx_tidy.c). */
#pragma once
#include "model/import.h"

/* Memory: at most twice the file's size and 64 MiB more; time below 1 s beyond reading it. Every way in which
 * the file can be wrong, and every operator that is not read, is one sentence that names the node. *out is
 * empty on failure. */
bool onnx_import(Imported *out, const char *path, Err *err);
/* The same over bytes; `what` names them in errors. */
bool onnx_import_bytes(Imported *out, const uint8_t *bytes, size_t size, const char *what, Err *err);
