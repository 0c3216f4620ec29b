/* libFuzzer entry for the reader of PyTorch files; tests/fuzz/run.sh builds and runs it. */
#include "fuzz/targets.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    target_torch(bytes, size);
    return 0;
}
