/* libFuzzer entry for ONNX models becoming nets; tests/fuzz/run.sh builds and runs it. */
#include "fuzz/targets_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    target_onnx_import(bytes, size);
    return 0;
}
