/* TensorBoard event files: scalars and pictures, one flushed record each.
 * Source: tensorflow/core/util/event.proto, summary.proto and lib/io/record_writer.cc; the protobuf is
 * encoded by hand. */
#pragma once
#include "data/image.h"

typedef struct Events Events;

/* Makes FOLDER/events.out.tfevents.SECONDS.HOST.PID.0; FOLDER must exist. first_step > 0 says that this
 * continues a run, so that readers forget later steps of an earlier file. NULL on error. */
Events *events_open(const char *folder, int64_t first_step, Err *err);
bool events_scalar(Events *ev, const char *tag, int64_t step, float value, Err *err);
bool events_image(Events *ev, const char *tag, int64_t step, const Image *im, Err *err); /* as PNG */
const char *events_path(const Events *ev);
void events_close(Events *ev);
