/* As targets.h, for readers that make nets: what they say yes to can be run. */
#pragma once
#include "fuzz/targets.h"
#include "model/onnx_import.h"
#include "net/exec.h"

static inline bool target_onnx_import(const uint8_t *bytes, size_t size)
{
    Imported m;
    Err err = {0};
    bool ok = onnx_import_bytes(&m, bytes, size, "input", &err);
    must_explain(ok, &err);
    must(ok == (m.net != NULL) && ok == (m.weights != NULL));
    if (ok && m.weights->floats < 1 << 20 && net_macs(m.net, 1) < 1e6) {
        Exec *e = exec_new(m.net, 1, EXEC_PLAIN, (ExecGrads){0}, NULL, &err);
        bool small = e && exec_bytes(e) < (size_t)16 << 20;
        if (small) exec_forward(e, m.weights, 1);
        exec_free(e);
    }
    import_free(&m);
    return ok;
}
